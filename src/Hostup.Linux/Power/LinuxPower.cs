using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>This boot of the machine this program runs on.</summary>
/// <param name="commands">Runs programs.</param>
/// <param name="program">This program, which forces a reboot that does not come.</param>
/// <param name="root">Put before the paths of devices and kernel settings; empty on a device.</param>
public sealed class LinuxPower(CommandRunner commands, string program, string root = "") : IPower
{
    private const string Busctl = "/usr/bin/busctl|/bin/busctl";
    // The service manager feeds the watchdog at half of this.
    private static readonly TimeSpan WatchdogLimit = TimeSpan.FromSeconds(60);
    private const int PanicSeconds = 5;
    private static readonly string[] Manager = ["org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", "RuntimeWatchdogUSec"];
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";

    /// <inheritdoc/>
    public string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <inheritdoc/>
    public bool HasWatchdog => File.Exists(root + "/dev/watchdog0") || File.Exists(root + "/dev/watchdog");

    /// <inheritdoc/>
    public void ResetWhenStuck()
    {
        try
        {
            string panic = root + "/proc/sys/kernel/panic";
            if (File.Exists(panic) && File.ReadAllText(panic).Trim() == "0")
                File.WriteAllText(panic, PanicSeconds.ToString(CultureInfo.InvariantCulture));
            if (HasWatchdog)
                ArmWatchdogAsync().AsTask().GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HostupException)
        {
            Console.Error.WriteLine($"a hang of this OS needs a power cycle: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public void Reboot(string why)
    {
        Console.Error.WriteLine($"rebooting: {why}");
        RebootAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <inheritdoc/>
    public void CallOffReboot() => new RebootLadder(commands, TimeProvider.System).CallOffAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();

    // The service manager owns the device: it is asked to use it. One that does already keeps its own limit.
    private async ValueTask ArmWatchdogAsync()
    {
        var now = await commands.RunAsync(Busctl, ["get-property", .. Manager], CancellationToken.None).ConfigureAwait(false);
        if (now.ExitCode == 0 && now.Output.Trim() == "t 0")
            await commands.RequireAsync(Busctl, ["set-property", .. Manager, "t", WatchdogLimit.TotalMicroseconds.ToString(CultureInfo.InvariantCulture)], CancellationToken.None).ConfigureAwait(false);
    }

    // The service manager's own target, which works with and without logind. The request may end the very program that makes it.
    private async ValueTask RebootAsync()
    {
        if (await new RebootLadder(commands, TimeProvider.System).ArmAsync(program, CancellationToken.None).ConfigureAwait(false) is { } warning)
            await Console.Error.WriteLineAsync(warning).ConfigureAwait(false);
        var asked = await commands.RunAsync(Systemctl, ["--no-block", "--job-mode=replace-irreversibly", "start", "reboot.target"], CancellationToken.None).ConfigureAwait(false);
        if (asked.ExitCode == 0)
            return;
        var state = await commands.RunAsync(Systemctl, ["is-system-running"], CancellationToken.None).ConfigureAwait(false);
        if (state.Output.Trim() != "stopping")
            throw new HostupException(HostupErrors.Program, "cannot reboot", $"systemctl ended with {asked.ExitCode}: {asked.Error.Trim()}", "reboot the device by hand");
    }
}
