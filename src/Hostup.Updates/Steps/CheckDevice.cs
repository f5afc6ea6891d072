using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Refuses early and touches nothing: every check of <see cref="DeviceChecks"/>; before a revert the spare is read back too.</summary>
public sealed class CheckDevice : IStep
{
    /// <summary>Its name.</summary>
    public const string StepName = "check-device";

    /// <inheritdoc/>
    public string Name => StepName;

    /// <inheritdoc/>
    public string State => AttemptStates.Checking;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.BadConfig;

    /// <summary>A reboot may have changed what it saw.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        if (update.Plan.Revert)
        {
            await DeviceChecks.RequireAsync(update, sources: null, ct).ConfigureAwait(false);
            await SlotReadBack.RequireAsync(update, ct).ConfigureAwait(false);
            return StepResult.Done;
        }
        await YoungBoot.WaitAsync(update, ct).ConfigureAwait(false);
        // A question to a source costs bytes as well; the step that fetches waits and asks.
        bool held = await update.Hold.FetchAsync(ct).ConfigureAwait(false) is not null;
        await DeviceChecks.RequireAsync(update, held ? null : update.Sources, ct).ConfigureAwait(false);
        return StepResult.Done;
    }

    /// <summary>Nothing to take back.</summary>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct) => default;
}
