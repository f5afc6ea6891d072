using Hostup.Core.Errors;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>This boot of the machine this program runs on.</summary>
/// <param name="commands">Runs programs.</param>
/// <param name="program">This program, which forces a reboot that does not come.</param>
public sealed class LinuxPower(CommandRunner commands, string program) : IPower
{
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";

    /// <inheritdoc/>
    public string BootId { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <inheritdoc/>
    public void Reboot(string why)
    {
        Console.Error.WriteLine($"rebooting: {why}");
        RebootAsync().AsTask().GetAwaiter().GetResult();
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
