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
    // The record of the end takes 400 characters.
    private const int MostOfOne = 180;
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
        if (!Trial.IsOn(device) && CauseToJudge(running.PartitionNumber) is { } decided)
            return await JudgeAsync(decided, ct).ConfigureAwait(false);
        if (!Trial.IsOn(device))
            return Joined("no trial", await RepeatAsync(() => FinishCommitAsync(running.PartitionNumber, ct), ct).ConfigureAwait(false));
        if (RollbackCause.Load(device.Files) is { Kind: RollbackCause.Altboot })
            return "rollback-altboot has decided to go back";

        var failed = await WaitForHealthAsync(ct).ConfigureAwait(false);
        if (failed.All(f => !f.Required))
        {
            string? warning = failed is [] ? null : $"warning: {Sentence(failed)}";
            string? left = await RepeatAsync(() => new Settlement(device).CommitAsync(warning, ct), ct).ConfigureAwait(false);
            return Joined(warning is null ? "healthy, committed" : $"committed with a {warning}", left);
        }
        IReadOnlyList<HealthResult> required = [.. failed.Where(f => f.Required)];
        var cause = new RollbackCause(RollbackCause.Health, Sentence(required), running.PartitionNumber) { Failed = [.. required.Select(f => f.Name)] };
        new Settlement(device).Leave(cause);
        return cause.Text;
    }

    private RollbackCause? CauseToJudge(int running) =>
        new AttemptLog(device).IsOpen && RollbackCause.Load(device.Files) is { IsToBeJudged: true } cause && cause.FromPartition != running ? cause : null;

    /// <summary>The device is back on the old OS, which looks at what failed on the new one for as long: what it fails as well is not the release's fault.</summary>
    private async ValueTask<string> JudgeAsync(RollbackCause cause, CancellationToken ct)
    {
        var names = cause.Failed!.ToHashSet();
        var failed = await LookAsync(r => names.Contains(r.Name), f => f.Count < names.Count, ct).ConfigureAwait(false);
        var judged = failed.Count < names.Count
            ? cause with { Inconclusive = false }
            : cause with { Inconclusive = true, Text = $"{Part(cause.Text)}; the old OS fails the same: {Part(Sentence(failed))}" };
        return Joined(judged.Text, await RepeatAsync(() => ValueTask.FromResult(new Settlement(device).EndJudged(judged)), ct).ConfigureAwait(false));
    }

    // Both have their place in the record of the end.
    private static string Part(string said) => said.Length > MostOfOne ? said[..MostOfOne] : said;

    private async ValueTask<string?> FinishCommitAsync(int running, CancellationToken ct)
    {
        var log = new AttemptLog(device);
        // A verdict was there and the power went while the breadcrumbs were picked up.
        if (!log.IsOpen)
            return new Settlement(device).Disarm();
        // On the old OS the settings look the same before the switch; there the update itself goes on.
        return new AttemptFiles(device.Files).TryLoad(log.Records) is var (plan, _) && plan.ToPartition == running ? await new Settlement(device).CommitAsync(null, ct).ConfigureAwait(false) : null;
    }

    private async ValueTask<string?> RepeatAsync(Func<ValueTask<string?>> settle, CancellationToken ct)
    {
        string? left = await settle().ConfigureAwait(false);
        for (int tries = 1; left is not null && tries < MostTries; tries++)
        {
            await device.Clock.DelayAsync(BetweenTries, ct).ConfigureAwait(false);
            left = await settle().ConfigureAwait(false);
        }
        return left;
    }

    private static string Joined(string said, string? left) => left is null ? said : $"{said}; {left}";

    /// <summary>Wanted checks are waited for as long as required ones.</summary>
    private ValueTask<IReadOnlyList<HealthResult>> WaitForHealthAsync(CancellationToken ct)
    {
        var healthy = Breadcrumbs.Healthy(device.Files);
        return LookAsync(r => !r.OnlyIfBefore || healthy.Contains(r.Name), failed => failed is [], ct);
    }

    /// <summary>Looks again and again until it is enough, at most as often as the release says.</summary>
    /// <returns>What failed at the last look, of what counts.</returns>
    private async ValueTask<IReadOnlyList<HealthResult>> LookAsync(Func<HealthResult, bool> counts, Func<IReadOnlyList<HealthResult>, bool> isEnough, CancellationToken ct)
    {
        var times = Times();
        IReadOnlyList<HealthResult> failed = [];
        for (int check = 0; check < times.Count; check++)
        {
            await device.Clock.DelayAsync(TimeSpan.FromSeconds(times.IntervalSeconds), ct).ConfigureAwait(false);
            failed = [.. (await device.Health.RunAsync(ct).ConfigureAwait(false)).Where(r => !r.Passed && counts(r))];
            if (isEnough(failed))
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
