using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>This boot of the machine this program runs on.</summary>
public sealed class LinuxPower(CommandRunner commands) : IPower
{
    /// <inheritdoc/>
    public string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Whether <see cref="Reboot"/> was called.</summary>
    public bool RebootRequested { get; private set; }

    /// <inheritdoc/>
    public void Reboot(string why)
    {
        RebootRequested = true;
        Console.Error.WriteLine($"rebooting: {why}");
        // One short call of a program that hands the request to the service manager and returns.
        commands.RequireAsync("/usr/bin/systemctl|/bin/systemctl", ["--no-block", "reboot"], CancellationToken.None).AsTask().GetAwaiter().GetResult();
    }
}
