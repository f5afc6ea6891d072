using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Run;

/// <summary>What a step works with.</summary>
/// <param name="Device">The device.</param>
/// <param name="Plan">The plan that is executed.</param>
/// <param name="Release">The release to reach.</param>
/// <param name="Sources">Where its image can come from, in order; asked for only when it is needed.</param>
/// <param name="Progress">Told about progress.</param>
public sealed record StepContext(DevicePorts Device, UpdatePlan Plan, ReleaseManifest Release, Func<IReadOnlyList<IHostAppSource>> Sources, IAttemptProgress Progress)
{
    /// <summary>Bytes that are received between two checkpoints.</summary>
    public long CheckpointBytes { get; init; } = UpdateRun.DefaultCheckpointBytes;

    /// <summary>Ends the attempt here when the operator asked for it.</summary>
    /// <exception cref="HostupException"><c>cancelled</c> or <c>superseded</c>.</exception>
    public void HonourCancel()
    {
        var wishes = Progress.Wishes;
        if (wishes.HasFlag(AttemptWishes.Supersede))
            throw new HostupException(HostupErrors.Superseded, "cannot go on with the update", "the operator asked for another one", "follow the newer attempt");
        if (wishes.HasFlag(AttemptWishes.Cancel))
            throw new HostupException(HostupErrors.Cancelled, "cannot go on with the update", "the operator cancelled it", "start it again when it is wanted");
    }
}

/// <summary>What a step leaves in the journal.</summary>
/// <param name="Source">Where an image came from; null: the step has none.</param>
/// <param name="Bytes">Bytes on the wire during the step, by cause.</param>
public sealed record StepResult(string? Source = null, IReadOnlyList<CauseBytes>? Bytes = null)
{
    /// <summary>Update locks of applications that were passed over, and who held them; null: none was.</summary>
    public IReadOnlyList<string>? LocksOverridden { get; init; }

    /// <summary>Done, nothing to say.</summary>
    public static StepResult Done { get; } = new();
}
