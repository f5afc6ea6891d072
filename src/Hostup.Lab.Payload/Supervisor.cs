namespace Hostup.Lab.Payload;

/// <summary>
/// Stands in for the real supervisor: it answers its health endpoint, and while it runs it does what makes updates fail when they
/// forget to stop it: it prunes images it does not know, puts boot files back as it found them, and reboots on a new target.
/// </summary>
internal static class Supervisor
{
    public static async Task RunAsync(CancellationToken ct)
    {
        string version = Environment.GetEnvironmentVariable("SUPERVISOR_VERSION") ?? "unknown";
        var journal = new InterferenceLog("/mnt/data/hostup-lab/supervisor.log");
        journal.Write("start", version);
        if (!await new SupervisorDatabase("/mnt/data/resin-data/balena-supervisor/database.sqlite", journal).OpenAsync(version, ct))
            return;
        using var engine = new EngineImages("/run/docker.sock", journal);
        var bootFiles = new BootFileKeeper("/mnt/boot", journal);
        var target = new TargetWatch("/mnt/data/resin-data/target-state.json", bootFiles, journal);
        await Task.WhenAll(
            new HealthEndpoint(version).RunAsync(ct),
            RepeatAsync(TimeSpan.FromMilliseconds(250), bootFiles.PutBackAsync, ct),
            RepeatAsync(TimeSpan.FromSeconds(1), target.LookAsync, ct),
            RepeatAsync(TimeSpan.FromSeconds(2), engine.PruneAsync, ct));
    }

    private static async Task RepeatAsync(TimeSpan pause, Func<CancellationToken, Task> action, CancellationToken ct)
    {
        using var timer = new PeriodicTimer(pause);
        while (await timer.WaitForNextTickAsync(ct))
            await action(ct);
    }
}
