using Hostup.Core.Releases;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Rollback;

/// <summary>The second program of a boot after a switch, after the container engine: the new OS proves itself, or the device goes back.</summary>
public sealed class HealthRollback(DevicePorts device)
{
    // What is decided is written down in this boot, if the medium takes it within half a minute.
    private const int MostTries = 4;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(10);

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
            return Joined("no trial", await RepeatAsync(() => FinishCommit(running.PartitionNumber), ct).ConfigureAwait(false));
        if (RollbackCause.Load(device.Files) is { Kind: RollbackCause.Altboot })
            return "rollback-altboot has decided to go back";

        var failed = await WaitForHealthAsync(ct).ConfigureAwait(false);
        if (failed.All(f => !f.Required))
        {
            string? warning = failed is [] ? null : $"warning: {Sentence(failed)}";
            string? left = await RepeatAsync(() => new Settlement(device).Commit(warning), ct).ConfigureAwait(false);
            return Joined(warning is null ? "healthy, committed" : $"committed with a {warning}", left);
        }
        var cause = new RollbackCause(RollbackCause.Health, Sentence([.. failed.Where(f => f.Required)]), running.PartitionNumber);
        new Settlement(device).Leave(cause);
        return cause.Text;
    }

    private string? FinishCommit(int running)
    {
        var log = new AttemptLog(device);
        // A verdict was there and the power went while the breadcrumbs were picked up.
        if (!log.IsOpen)
            return new Settlement(device).Disarm();
        // On the old OS the settings look the same before the switch; there the update itself goes on.
        return new AttemptFiles(device.Files).TryLoad(log.Records) is var (plan, _) && plan.ToPartition == running ? new Settlement(device).Commit() : null;
    }

    private async ValueTask<string?> RepeatAsync(Func<string?> settle, CancellationToken ct)
    {
        string? left = settle();
        for (int tries = 1; left is not null && tries < MostTries; tries++)
        {
            await device.Clock.DelayAsync(BetweenTries, ct).ConfigureAwait(false);
            left = settle();
        }
        return left;
    }

    private static string Joined(string said, string? left) => left is null ? said : $"{said}; {left}";

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
