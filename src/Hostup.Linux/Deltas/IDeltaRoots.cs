using Hostup.Delta;
using Hostup.Delta.Applying;

namespace Hostup.Linux.Deltas;

/// <summary>The two roots between which a device applies a delta. Two real ones: the slots of this machine, and those of a simulated device.</summary>
public interface IDeltaRoots
{
    /// <summary>Tree digest of the root that runs; null: it is not known.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>slot-mismatch</c> when it cannot be read.</exception>
    ValueTask<Digest?> RunningAsync(CancellationToken ct);

    /// <summary>Opens them; the spare is touched only when something is read that was written there.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when the root that runs cannot be read.</exception>
    ValueTask<IOpenRoots> OpenAsync(CancellationToken ct);
}

/// <summary>Both roots while a delta is applied; disposing closes them.</summary>
public interface IOpenRoots : IAsyncDisposable
{
    /// <summary>The root that runs, by its own files: what is mounted over them is not seen.</summary>
    IDeltaTree Running { get; }

    /// <summary>Where the spare is written.</summary>
    DeltaPlace Spare { get; }
}
