using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Hooks;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Runs the hooks that the release brings for its update; most releases bring none. The OS that runs takes back what they did with its own.</summary>
public sealed class RunHooks : IStep
{
    /// <summary>Its name.</summary>
    public const string StepName = "run-hooks";

    /// <inheritdoc/>
    public string Name => StepName;

    /// <inheritdoc/>
    public string State => AttemptStates.BootFiles;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.Hook;

    /// <summary>A process that goes on after a reboot finds boot files that the old OS has restored.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        update.HonourCancel();
        var slot = await update.Device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
        await using var _ = slot.ConfigureAwait(false);
        var hooks = new HookRun(update.Device, slot.Path, duringUpdate: true, said => update.Progress.Report(State, 0, 0, said));
        await hooks.RunAsync(HookStage.Before, ct).ConfigureAwait(false);
        try
        {
            await hooks.RunAsync(HookStage.Forward, ct).ConfigureAwait(false);
        }
        catch (HostupException)
        {
            await hooks.TryAsync(HookStage.Cleanup, ct).ConfigureAwait(false);
            throw;
        }
        await hooks.RunAsync(HookStage.After, ct).ConfigureAwait(false);
        update.HonourCancel();
        return StepResult.Done;
    }

    /// <summary>The hooks of the OS that runs, by upstream's rule: they bring their own state back. One that fails is told, and holds nothing.</summary>
    public async ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        await new HookRun(update.Device, "", duringUpdate: false, said => update.Progress.Report(State, 0, 0, said)).TryAsync(HookStage.Forward, ct).ConfigureAwait(false);
        return null;
    }
}
