namespace Hostup.Core.RootTrees;

/// <summary>A place in the entry stream of one image at which a reader can begin. It is the same in every source of that image.</summary>
/// <param name="Layer">Index of the layer, lowest 0; the number of layers: the end of the stream.</param>
/// <param name="Offset">Offset of the entry's first header in the uncompressed layer.</param>
public sealed record TreePlace(int Layer, long Offset)
{
    /// <summary>Before the first entry.</summary>
    public static TreePlace Start { get; } = new(0, 0);
}

/// <summary>A tree reader that can begin at a place that an earlier reader of the same image passed.</summary>
public interface IPlacedTreeReader : ITreeReader
{
    /// <summary>Where the current entry begins, or the end of the stream after the last one; null: no reader can begin here.</summary>
    TreePlace? Place { get; }

    /// <summary>Passes over content of the current file, fetching as little of it as the source allows.</summary>
    /// <param name="bytes">At most what is left of the file, holes included.</param>
    /// <param name="ct">Cancels.</param>
    ValueTask SkipAsync(long bytes, CancellationToken ct);
}
