namespace Hostup.Core.RootTrees;

/// <summary>
/// A place in a stream of entries at which a reader can begin. One in the layers of an image is the same in every source of that image; one in a
/// delta is of that delta only.
/// </summary>
/// <param name="Layer">Index of the layer, lowest 0; the number of layers: the end of the stream. Zero in a delta.</param>
/// <param name="Offset">Offset of the entry's first header in the uncompressed layer; in a delta its frames that are done, one more than it has: the end.</param>
public sealed record TreePlace(int Layer, long Offset)
{
    /// <summary>Before the first entry.</summary>
    public static TreePlace Start { get; } = new(0, 0);

    /// <summary>Digest of the delta whose frames are counted; null: it is a place in the layers of the image.</summary>
    public Digest? Delta { get; init; }
}

/// <summary>A tree reader that can begin at a place that an earlier reader of the same stream passed.</summary>
public interface IPlacedTreeReader : ITreeReader
{
    /// <summary>Where the current entry begins, or the end of the stream after the last one; null: no reader can begin here.</summary>
    TreePlace? Place { get; }

    /// <summary>Whether it begins at the first entry although a place was asked for: that one is of another stream, and what was written before it does not belong to this one.</summary>
    bool BeganAnew => false;

    /// <summary>Where the next reader goes on once all before the current entry, and so many bytes of that one's content, are durable.</summary>
    /// <param name="fileBytes">Bytes of the content of the current file that are durable, holes included.</param>
    /// <returns>The place, and how many bytes of the first entry there are durable already.</returns>
    (TreePlace? Place, long FileBytes) PlaceAfter(long fileBytes) => (Place, fileBytes);

    /// <summary>Passes over content of the current file, fetching as little of it as the source allows.</summary>
    /// <param name="bytes">At most what is left of the file, holes included.</param>
    /// <param name="ct">Cancels.</param>
    ValueTask SkipAsync(long bytes, CancellationToken ct);
}
