using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>
/// Everything is fetched. Takes the update locks of the applications and keeps them until the reboot or the undo. Then the device is checked
/// again: hours may have passed.
/// </summary>
public sealed class Gate : IStep
{
    /// <inheritdoc/>
    public string Name => "gate";

    /// <inheritdoc/>
    public string State => AttemptStates.Ready;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.Supervisor;

    /// <inheritdoc/>
    public bool OutlivesReboot => false;

    /// <summary>The locks end with the process.</summary>
    public bool OutlivesProcess => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        var supervisor = update.Device.Supervisor;
        var overridden = await new LockWait(update).TakeAsync(ct).ConfigureAwait(false);
        update.HonourCancel();
        if (supervisor.IsInstalled)
            await supervisor.StopAsync(ct).ConfigureAwait(false);
        // A process that goes on after the switch finds its own trial armed; what was checked before the switch holds.
        if (update.Device.Boot.Read().RootPartition != update.Plan.ToPartition)
            await DeviceChecks.RequireAsync(update, sources: null, ct).ConfigureAwait(false);
        return new StepResult { LocksOverridden = overridden is [] ? null : overridden };
    }

    /// <inheritdoc/>
    public ValueTask UndoAsync(StepContext update, CancellationToken ct)
    {
        update.Device.Locks.Release();
        return default;
    }
}
