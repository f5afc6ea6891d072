using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Supervisor;

/// <summary>
/// One blob on its way to the engine, perhaps from several sources one after another. Its last piece is given only when the digest of the whole is right: the
/// engine never has a whole blob that is wrong, and one that is no longer than a piece it gets checked.
/// </summary>
/// <param name="digest">Digest of the blob.</param>
/// <param name="size">Its bytes.</param>
internal sealed class BlobPass(Digest digest, long size) : IDisposable
{
    /// <summary>Small enough to stay out of the large object heap.</summary>
    private const int PieceBytes = 64 << 10;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<IImageSource, HostupException> _wrong = [];
    private readonly List<(IImageSource Source, long Bytes)> _parts = [];
    private readonly byte[] _piece = new byte[PieceBytes];
    private int _left; // bytes at the end of the piece that the engine does not have yet
    private int _pieceBytes;

    /// <summary>Its digest.</summary>
    public Digest Digest => digest;

    /// <summary>Its bytes.</summary>
    public long Size => size;

    /// <summary>Bytes received; where a source goes on.</summary>
    public long Received { get; private set; }

    /// <summary>Bytes that the engine has, as far as is known.</summary>
    public long Given => Received - _left;

    /// <summary>What the engine has is wrong, and it may ask again: from the beginning.</summary>
    public bool IsSpoilt { get; private set; }

    /// <summary>Why a source is not asked for this blob any more; null: it may be.</summary>
    public HostupException? WhyNot(IImageSource source) => _wrong.GetValueOrDefault(source);

    /// <summary>The engine goes on behind so many bytes, where that can be; otherwise it gets all from the beginning.</summary>
    /// <returns>Whether it can be.</returns>
    public bool GoOnAt(long from)
    {
        // Of a piece that it was taking when its connection broke it says itself what it has.
        bool can = from > 0 && from >= Given && from <= Received;
        if (can)
            _left = (int)(Received - from);
        else
            Restart();
        return can;
    }

    /// <summary>Reads what a source gives to the blob's end and passes it on.</summary>
    /// <param name="source">The source.</param>
    /// <param name="stream">Its bytes from <see cref="Received"/> on.</param>
    /// <param name="take">Takes a piece.</param>
    /// <param name="between">Called between two pieces.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>digest-mismatch</c>; reads throw <c>link</c>.</exception>
    public async ValueTask PassAsync(
        IImageSource source, Stream stream, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> take, Func<CancellationToken, ValueTask> between, CancellationToken ct)
    {
        while (true)
        {
            if (_left > 0)
                await take(_piece.AsMemory(_pieceBytes - _left, _left), ct).ConfigureAwait(false);
            _left = 0;
            if (Received == size)
                return;
            await between(ct).ConfigureAwait(false);
            int read = await stream.ReadAsync(_piece.AsMemory(0, (int)Math.Min(PieceBytes, size - Received)), ct).ConfigureAwait(false);
            if (read == 0)
                throw new HostupException(HostupErrors.Link, $"cannot fetch blob {digest}", $"it ends after {Received} of {size} bytes", "it is fetched again from there");
            _hash.AppendData(_piece.AsSpan(0, read));
            Count(source, read);
            Received += read;
            _pieceBytes = _left = read;
            if (Received == size)
                RequireRight();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Count(IImageSource source, int bytes)
    {
        if (_parts is [.., var last] && last.Source == source)
            _parts[^1] = (source, last.Bytes + bytes);
        else
            _parts.Add((source, bytes));
    }

    private void Restart()
    {
        if (Received > 0)
            _hash.GetHashAndReset();
        _parts.Clear();
        (Received, _left, IsSpoilt) = (0, 0, false);
    }

    /// <summary>Who gave the first byte is held to be wrong: should it have been another one, that one is alone the next time.</summary>
    private void RequireRight()
    {
        var actual = Digest.FromHash(_hash.GetHashAndReset());
        if (actual == digest)
            return;
        var error = new HostupException(HostupErrors.DigestMismatch, $"cannot use blob {digest}", $"its digest is {actual}", "look at the registry: it holds damaged data");
        _wrong[_parts[0].Source] = error;
        foreach (var (source, bytes) in _parts)
            source.Waste(bytes);
        bool engineHasSome = Given > 0;
        Restart();
        IsSpoilt = engineHasSome;
        throw error;
    }
}
