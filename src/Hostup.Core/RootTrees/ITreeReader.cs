namespace Hostup.Core.RootTrees;

/// <summary>
/// One pass over a stream of tree entries, each regular file followed by its content. Layers come lowest first, with their
/// whiteouts; applied in order they give the root tree.
/// </summary>
/// <remarks>Two real sources implement it today: the layers of an image and a directory on disk. Not thread-safe.</remarks>
public interface ITreeReader : IAsyncDisposable
{
    /// <summary>Moves to the next entry, passing over what is left of the current one's content.</summary>
    /// <returns>The entry, or null after the last one; by then every digest of the stream was checked.</returns>
    /// <exception cref="Errors.HostupException"><c>bad-image</c>, <c>digest-mismatch</c>, <c>link</c> and the other codes of the source.</exception>
    ValueTask<TreeEntry?> NextAsync(CancellationToken ct);

    /// <summary>Reads content of the current file.</summary>
    /// <returns>Bytes read, zero at the end of the file. Holes read as zeros.</returns>
    ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct);
}
