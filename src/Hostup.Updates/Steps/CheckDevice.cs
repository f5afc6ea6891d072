using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Refuses early and touches nothing: every check of <see cref="DeviceChecks"/>.</summary>
public sealed class CheckDevice : IStep
{
    /// <inheritdoc/>
    public string Name => "check-device";

    /// <inheritdoc/>
    public string State => AttemptStates.Checking;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.BadConfig;

    /// <summary>A reboot may have changed what it saw.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        var sources = update.Sources();
        var before = sources.Select(s => s.Bytes).ToList();
        await DeviceChecks.RequireAsync(update, sources, ct).ConfigureAwait(false);
        return new StepResult(null, [.. sources.Zip(before, (now, then) => new CauseBytes(then.Cause, now.Bytes.Received - then.Received, now.Bytes.Sent - then.Sent))]);
    }

    /// <summary>Nothing to take back.</summary>
    public ValueTask UndoAsync(StepContext update, CancellationToken ct) => default;
}
