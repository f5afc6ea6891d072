using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Policies;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>
/// Everything is fetched. Waits for the policy, then takes the update locks of the applications and keeps them until the reboot or the undo. Then the device is checked
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
        // A process that goes on after the switch finds its own trial armed; nothing waits any more, and what was checked before the switch holds.
        bool switched = update.IsSwitched;
        if (!switched)
            await PolicyPause.WhileAsync(update, AttemptStates.Ready, _ => ValueTask.FromResult(update.Hold.Reboot()), ct).ConfigureAwait(false);
        var overridden = await new LockWait(update).TakeAsync(ct).ConfigureAwait(false);
        // The window may have closed while a lock was waited for.
        if (!switched && update.Hold.Reboot() is not null)
        {
            update.Device.Locks.Release();
            return await DoAsync(update, ct).ConfigureAwait(false);
        }
        update.HonourCancel();
        if (supervisor.IsInstalled)
            await supervisor.StopAsync(ct).ConfigureAwait(false);
        if (!switched)
        {
            await DeviceChecks.RequireAsync(update, sources: null, ct).ConfigureAwait(false);
            if (SlotReadBack.IsOld(update))
                await SlotReadBack.RequireAsync(update, ct).ConfigureAwait(false);
        }
        return new StepResult { LocksOverridden = overridden is [] ? null : overridden };
    }

    /// <inheritdoc/>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        update.Device.Locks.Release();
        return default;
    }
}
