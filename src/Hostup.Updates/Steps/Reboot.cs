using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Asks for the reboot. Nothing follows in this OS.</summary>
public sealed class Reboot : IStep
{
    /// <inheritdoc/>
    public string Name => "reboot";

    /// <inheritdoc/>
    public string State => AttemptStates.Rebooting;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.SwitchBoot;

    /// <inheritdoc/>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        update.Device.Power.Reboot($"trial of {update.Plan.ToVersion} on {update.Plan.ToSlot}");
        return ValueTask.FromResult(StepResult.Done);
    }

    /// <summary>Calls off the forced reboot: without the applications' locks it must not come. Nothing rests on it: what else was done is taken back all the same.</summary>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        try
        {
            update.Device.Power.CallOffReboot();
            return default;
        }
        catch (HostupException e)
        {
            return ValueTask.FromResult<IOException?>(new IOException($"a forced reboot may still come: {e.Why}", e));
        }
    }
}
