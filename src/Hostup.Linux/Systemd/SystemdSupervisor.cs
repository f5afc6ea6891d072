using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Systemd;

/// <summary>The supervisor as a systemd unit with a container, an updater of its own and the updater's timer, under its present or its older name.</summary>
/// <param name="commands">Runs programs.</param>
/// <param name="engine">Removes containers.</param>
/// <param name="root">Put before every path; empty on a device, a folder in tests.</param>
public sealed class SystemdSupervisor(CommandRunner commands, Engine.DockerEngine engine, string root = "") : ISupervisor
{
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";
    private static readonly string[] UnitFolders = ["/etc/systemd/system", "/run/systemd/transient", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
    private static readonly string[] Names = ["balena-supervisor", "resin-supervisor"];

    // upstream's; the last is the transient unit in which its cloud runs the updater
    private static readonly string[] Timers = ["update-balena-supervisor.timer", "update-resin-supervisor.timer"];
    private static readonly string[] Updaters = ["update-balena-supervisor.service", "update-resin-supervisor.service", "run-update-supervisor.service"];

    private StoppedUnits Stopped => new($"{root}/run/hostup/stopped-units");

    private string? Unit => Names.Select(n => $"{n}.service").FirstOrDefault(IsThere);

    /// <inheritdoc/>
    public bool IsInstalled => Unit is not null;

    /// <inheritdoc/>
    public async ValueTask<bool> IsRunningAsync(CancellationToken ct) =>
        (await commands.RunAsync(Systemctl, ["is-active", "--quiet", Unit!], ct).ConfigureAwait(false)).ExitCode == 0;

    /// <inheritdoc/>
    public async ValueTask StopAsync(CancellationToken ct)
    {
        var up = new List<string>();
        foreach (string unit in Timers.Where(IsThere).Append(Unit!))
        {
            if (!await IsDownAsync(unit, ct).ConfigureAwait(false))
                up.Add(unit);
        }
        Stopped.Add(up);
        // First what starts it: an updater that is ended half-way starts it, and a job that waits in the queue goes with the stop.
        string[][] order = [[.. Timers.Where(IsThere)], [.. Updaters.Where(IsThere)], [Unit!]];
        foreach (string[] units in order.Where(u => u is not []))
            await commands.RequireAsync(Systemctl, ["stop", .. units], ct).ConfigureAwait(false);
        // The unit may leave its container behind, running; upstream removes both names.
        await engine.RemoveContainerAsync("balena_supervisor", ct).ConfigureAwait(false);
        await engine.RemoveContainerAsync("resin_supervisor", ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask StartAsync(CancellationToken ct)
    {
        // Without the timer: its time since the boot is past, so it would run the updater at once (systemd.timer(5), OnBootSec=).
        if (Stopped.Load() is not { } known || known.Contains(Unit!))
            await commands.RequireAsync(Systemctl, ["start", "--no-block", Unit!], ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask ResumeUpdatesAsync(CancellationToken ct)
    {
        string[] timers = [.. (Stopped.Load() ?? []).Where(u => Timers.Contains(u) && IsThere(u))];
        if (timers.Length > 0)
            await commands.RequireAsync(Systemctl, ["start", "--no-block", .. timers], ct).ConfigureAwait(false);
        Stopped.Forget();
    }

    // A unit that waits for its next try is activating; at a boot one may still wait in the queue.
    private async ValueTask<bool> IsDownAsync(string unit, CancellationToken ct)
    {
        string[] shown = (await commands.RunAsync(Systemctl, ["show", "--property=ActiveState,Job", unit], ct).ConfigureAwait(false)).Output.Split('\n');
        return shown.Any(l => l == "ActiveState=inactive") && !shown.Any(l => l.StartsWith("Job=", StringComparison.Ordinal) && l is not ("Job=" or "Job=0"));
    }

    // A unit that somebody masked is a link to /dev/null: nobody can start it, and nobody wants it.
    private bool IsThere(string unit) => UnitFolders.Select(f => $"{root}{f}/{unit}").FirstOrDefault(Path.Exists) is { } file && new FileInfo(file).LinkTarget != "/dev/null";
}
