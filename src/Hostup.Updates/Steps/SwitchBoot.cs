using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Boot;
using Hostup.Updates.Ports;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Steps;

/// <summary>Arms the trial: breadcrumbs first, then the one write that decides which slot the next power-on boots.</summary>
public sealed class SwitchBoot : IStep
{
    /// <summary>Name of the step.</summary>
    public const string StepName = "switch-boot";

    /// <inheritdoc/>
    public string Name => StepName;

    /// <inheritdoc/>
    public string State => AttemptStates.BootFiles;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.SwitchBoot;

    /// <summary>A reboot uses the switch up.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        var health = await update.Device.Health.RunAsync(ct).ConfigureAwait(false);
        // It is stopped now: what counts is whether this attempt saw it run.
        string? supervisor = new AttemptLog(update.Device).Records.Any(r => r.SupervisorRan == true) ? HealthResult.Supervisor : null;
        // A process that goes on after the switch finds it done: beneath an armed trial the copy of the database is not made anew, for a cut in between would leave none.
        if (!update.IsSwitched && await new SlotSupervisor(update.Device).PrepareAsync(update, ct).ConfigureAwait(false) is { } warning)
            update.Progress.Report(State, 0, 0, $"warning: {warning}");
        if (KernelMessages.KeepOlder(update.Device) is { } unkept)
            update.Progress.Report(State, 0, 0, $"warning: {unkept}");
        Breadcrumbs.Drop(update.Device.Files, [.. health.Where(h => h.Passed || h.Name == supervisor).Select(h => h.Name)]);
        update.Device.Boot.Write(new BootSettings(update.Plan.ToPartition, UpgradeAvailable: update.Device.Boot.FallbackBoot > 0, BootCount: 0));
        return StepResult.Done;
    }

    /// <summary>The old settings decide. A breadcrumb that cannot be picked up now arms nothing without them.</summary>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct)
    {
        var old = new BootSettings(update.Plan.FromPartition, UpgradeAvailable: false, BootCount: 0);
        // After a flush that failed in this boot memory may show the old settings, and the medium the new ones.
        bool isSure = !new AttemptLog(update.Device).Records.Any(r => r.Step == StepName && r.BootId == update.Device.Power.BootId);
        if (!isSure || update.Device.Boot.Read() != old)
            update.Device.Boot.Write(old);
        try
        {
            Breadcrumbs.PickUp(update.Device.Files);
            return default;
        }
        catch (IOException e)
        {
            return ValueTask.FromResult<IOException?>(e);
        }
    }
}
