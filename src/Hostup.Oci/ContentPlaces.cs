using System.Security.Cryptography;
using Hostup.Core;
using Hostup.Core.RootTrees;

namespace Hostup.Oci;

/// <summary>Passes the entries of an image on, and notes for each content the first place at which a reader can begin to get it.</summary>
/// <param name="inner">The image; not disposed.</param>
/// <param name="places">Receives them, by SHA-256 of the content: all when the last entry was passed on.</param>
public sealed class ContentPlaces(IPlacedTreeReader inner, IDictionary<Digest, TreePlace> places) : ITreeReader
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private TreePlace? _place;
    private bool _inFile;

    /// <inheritdoc/>
    public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        if (_inFile && Digest.FromHash(_hash.GetHashAndReset()) is var content && _place is { } place)
            places.TryAdd(content, place);
        var entry = await inner.NextAsync(ct).ConfigureAwait(false);
        (_inFile, _place) = (entry?.Kind == TreeEntryKind.File, inner.Place);
        return entry;
    }

    /// <inheritdoc/>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        int read = await inner.ReadAsync(buffer, ct).ConfigureAwait(false);
        _hash.AppendData(buffer.Span[..read]);
        return read;
    }

    /// <summary>Ends the hash.</summary>
    public ValueTask DisposeAsync()
    {
        _hash.Dispose();
        return ValueTask.CompletedTask;
    }
}
