namespace Hostup.Delta.Building;

/// <summary>How a delta is built. The defaults are what a device of 80 MiB can apply.</summary>
public sealed record DeltaOptions
{
    /// <summary>Quality of Brotli, 0 to 11. Below 11 deltas grow by a tenth and more.</summary>
    public int Quality { get; init; } = 11;

    /// <summary>Processors that are used at once.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Bytes of patched or new content in a frame: what is made again after a power cut.</summary>
    public long FrameBytes { get; init; } = 32 << 20;

    /// <summary>Bytes of whole copies in a frame; they cost nothing to transfer.</summary>
    public long FrameCopyBytes { get; init; } = 256 << 20;

    /// <summary>Bytes of a frame that are new or differ: an upper bound of what it takes in a device's memory, with room for the codec's worst case.</summary>
    public long FrameCostBytes { get; init; } = 8 << 20;

    /// <summary>Old bytes that are sorted at once; the builder takes five bytes of memory for each, and each thread does so.</summary>
    public int SourceBytes { get; init; } = 96 << 20;

    /// <summary>Contents above this are divided, and each part is patched for itself.</summary>
    public int PartBytes { get; init; } = 64 << 20;

    /// <summary>Told which part of the new content was worked on, 0 to 1 and growing, by one thread; null: nobody wants to know.</summary>
    public Action<double>? Progress { get; init; }
}
