using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Stops the supervisor and its timer, so that it cannot interfere. User containers are not touched.</summary>
public sealed class StopSupervisor : IStep
{
    /// <inheritdoc/>
    public string Name => "stop-supervisor";

    /// <inheritdoc/>
    public string State => AttemptStates.Checking;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.Supervisor;

    /// <inheritdoc/>
    public bool OutlivesReboot => false;

    /// <summary>The process before may have ended while it waited: the supervisor runs meanwhile.</summary>
    public bool OutlivesProcess => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        var supervisor = update.Device.Supervisor;
        bool ran = supervisor.IsInstalled && await supervisor.IsRunningAsync(ct).ConfigureAwait(false);
        // Also one that does not run: after a reboot it is about to start, or waits for its next try, and its timer wakes it.
        if (supervisor.IsInstalled)
            await supervisor.StopAsync(ct).ConfigureAwait(false);
        return new StepResult { SupervisorRan = ran ? true : null };
    }

    /// <inheritdoc/>
    public async ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        if (!update.Device.Supervisor.IsInstalled)
            return null;
        await update.Device.Supervisor.StartAsync(ct).ConfigureAwait(false);
        await update.Device.Supervisor.ResumeUpdatesAsync(ct).ConfigureAwait(false);
        return null;
    }
}
