using Hostup.Core.Releases;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Rollback;

/// <summary>The second program of a boot after a switch, after the container engine: the new OS proves itself, or the device goes back.</summary>
public sealed class HealthRollback(DevicePorts device)
{
    /// <summary>Runs until the verdict. A process or power cut in between begins anew at the next boot.</summary>
    /// <returns>What it decided, for the log.</returns>
    public async ValueTask<string> RunAsync(CancellationToken ct)
    {
        if (!device.Files.Exists(Places.HealthBreadcrumb))
            return "no trial";
        var settings = device.Boot.Read();
        var running = device.Slots.Running;
        if (settings.RootPartition != running.PartitionNumber)
            return "the boot loader fell back; rollback-altboot settles it";
        if (!Trial.IsOn(device))
            return FinishCommit(running.PartitionNumber);
        if (RollbackCause.Load(device.Files) is { Kind: RollbackCause.Altboot })
            return "rollback-altboot has decided to go back";

        var failed = await WaitForHealthAsync(ct).ConfigureAwait(false);
        if (failed.All(f => !f.Required))
        {
            string? warning = failed is [] ? null : $"warning: {Sentence(failed)}";
            new Settlement(device).Commit(warning);
            return warning is null ? "healthy, committed" : $"committed with a {warning}";
        }
        var cause = new RollbackCause(RollbackCause.Health, Sentence([.. failed.Where(f => f.Required)]), running.PartitionNumber);
        cause.Save(device.Files);
        device.Boot.Write(new BootSettings(device.Slots.Spare.PartitionNumber, UpgradeAvailable: false, BootCount: 0));
        device.Power.Reboot(cause.Text);
        return cause.Text;
    }

    private string FinishCommit(int running)
    {
        var log = new AttemptLog(device);
        // A verdict was there and the power went while the breadcrumbs were picked up.
        if (!log.IsOpen)
            Breadcrumbs.PickUp(device.Files);
        // On the old OS the settings look the same before the switch; there the update itself goes on.
        else if (new AttemptFiles(device.Files).TryLoad(log.Records) is var (plan, _) && plan.ToPartition == running)
            new Settlement(device).Commit();
        return "no trial";
    }

    /// <summary>Wanted checks are waited for as long as required ones.</summary>
    private async ValueTask<IReadOnlyList<HealthResult>> WaitForHealthAsync(CancellationToken ct)
    {
        var times = Times();
        var healthy = Breadcrumbs.Healthy(device.Files);
        IReadOnlyList<HealthResult> failed = [];
        for (int check = 0; check < times.Count; check++)
        {
            await device.Clock.DelayAsync(TimeSpan.FromSeconds(times.IntervalSeconds), ct).ConfigureAwait(false);
            failed = [.. (await device.Health.RunAsync(ct).ConfigureAwait(false)).Where(r => !r.Passed && (!r.OnlyIfBefore || healthy.Contains(r.Name)))];
            if (failed is [])
                break;
        }
        return failed;
    }

    private HealthSettings Times()
    {
        var log = new AttemptLog(device);
        return log.IsOpen && new AttemptFiles(device.Files).TryLoad(log.Records) is var (_, release) ? release.Health : new HealthSettings();
    }

    private string Sentence(IReadOnlyList<HealthResult> failed) =>
        string.Join("; ", failed.Select(f => $"health check `{f.Name}` failed {Times().Count} times: {f.Saw}"));
}
