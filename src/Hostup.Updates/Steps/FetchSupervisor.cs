using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Policies;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Steps;

/// <summary>Fetches the supervisor image that the release ships with, when it is newer, so that the new OS starts it at once. A failure is a warning: the new OS pulls it then.</summary>
public sealed class FetchSupervisor : IStep
{
    /// <inheritdoc/>
    public string Name => "fetch-supervisor";

    /// <inheritdoc/>
    public string State => AttemptStates.Supervisor;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.Supervisor;

    /// <inheritdoc/>
    public bool OutlivesReboot => true;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        update.HonourCancel();
        var supervisor = new SlotSupervisor(update.Device);
        if (supervisor.Fetches(update.Release))
            await PolicyPause.WhileAsync(update, AttemptStates.Waiting, update.Hold.FetchAsync, ct).ConfigureAwait(false);
        try
        {
            await supervisor.FetchAsync(update, ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code != HostupErrors.Cancelled && e.Code != HostupErrors.Superseded)
        {
            update.Progress.Report(State, 0, 0, $"warning: {e.Message}");
        }
        return StepResult.Done;
    }

    /// <summary>Nothing to take back: an image more in the engine harms nobody.</summary>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct) => default;
}
