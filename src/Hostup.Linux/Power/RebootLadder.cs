using Hostup.Core.Errors;
using Hostup.Linux.Processes;

namespace Hostup.Linux.Power;

/// <summary>
/// Forces a reboot that was asked for and does not come: a unit that does not stop, a file system that does not unmount. Runs beside the shutdown in a
/// unit that the shutdown leaves alone.
/// </summary>
/// <param name="commands">Runs programs.</param>
/// <param name="time">Time.</param>
/// <param name="root">Put before the paths of the kernel's files; empty on a device.</param>
public sealed class RebootLadder(CommandRunner commands, TimeProvider time, string root = "")
{
    /// <summary>Name of the unit.</summary>
    public const string Unit = "hostup-force-reboot";

    // systemctl(1): the unit is not loaded, so it does not run
    private const int NotLoaded = 5;

    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";
    private const string SysRq = "/proc/sys/kernel/sysrq", Trigger = "/proc/sysrq-trigger";

    // Times from the request, as upstream's safe_reboot has them.
    private static readonly TimeSpan Force = TimeSpan.FromSeconds(120), ForceTwice = TimeSpan.FromSeconds(300), Kernel = TimeSpan.FromSeconds(600);
    private static readonly TimeSpan SyncPause = TimeSpan.FromSeconds(2);

    /// <summary>Starts it in its unit. Secondary: without it the orderly reboot is all there is.</summary>
    /// <param name="program">This program.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>A warning; null when it runs.</returns>
    public async ValueTask<string?> ArmAsync(string program, CancellationToken ct)
    {
        try
        {
            var result = await commands.RunAsync(
                "/usr/bin/systemd-run",
                [
                    $"--unit={Unit}", "--collect", "--description=Force a reboot that does not come",
                    // Not stopped by the shutdown, and no part of its order.
                    "--property=DefaultDependencies=no", "--property=RefuseManualStop=no", "--property=IgnoreOnIsolate=yes", "--property=Type=exec",
                    program, "force-reboot",
                ],
                ct).ConfigureAwait(false);
            return result.ExitCode == 0 ? null : $"no forced reboot is armed: {result.Error.Trim()}";
        }
        catch (HostupException e)
        {
            return $"no forced reboot is armed: {e.Why}";
        }
    }

    /// <summary>Ends it: no reboot is asked for any more. Idempotent.</summary>
    /// <exception cref="HostupException"><c>program</c>: it may still run.</exception>
    public async ValueTask CallOffAsync(CancellationToken ct)
    {
        var result = await commands.RunAsync(Systemctl, ["stop", $"{Unit}.service"], ct).ConfigureAwait(false);
        if (result.ExitCode is not (0 or NotLoaded))
            throw new HostupException(HostupErrors.Program, "cannot call off the forced reboot", $"systemctl ended with {result.ExitCode}: {result.Error.Trim()}", $"stop the unit {Unit} by hand");
    }

    /// <summary>Climbs it: returns only when nothing helped.</summary>
    public async Task ClimbAsync(CancellationToken ct)
    {
        await Task.Delay(Force, time, ct).ConfigureAwait(false);
        await TryAsync(["reboot", "--force"], ct).ConfigureAwait(false);
        await Task.Delay(ForceTwice - Force, time, ct).ConfigureAwait(false);
        await TryAsync(["reboot", "--force", "--force"], ct).ConfigureAwait(false);
        await Task.Delay(Kernel - ForceTwice, time, ct).ConfigureAwait(false);
        await File.WriteAllTextAsync(root + SysRq, "1", ct).ConfigureAwait(false);
        await File.WriteAllTextAsync(root + Trigger, "s", ct).ConfigureAwait(false);
        await Task.Delay(SyncPause, time, ct).ConfigureAwait(false);
        await File.WriteAllTextAsync(root + Trigger, "b", ct).ConfigureAwait(false);
    }

    private async ValueTask TryAsync(IReadOnlyList<string> arguments, CancellationToken ct)
    {
        try
        {
            await commands.RunAsync(Systemctl, arguments, ct).ConfigureAwait(false);
        }
        catch (HostupException)
        {
            // The next rung does not need it.
        }
    }
}
