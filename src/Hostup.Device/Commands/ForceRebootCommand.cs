using System.CommandLine;
using Hostup.Linux.Power;
using Hostup.Linux.Processes;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device force-reboot</c>: what the unit hostup-force-reboot runs beside a shutdown.</summary>
internal static class ForceRebootCommand
{
    public static Command Create()
    {
        var command = new Command("force-reboot", "Force a reboot that was asked for and does not come: after 2, 5 and 10 minutes") { Hidden = true };
        command.SetAction((_, ct) => new RebootLadder(new CommandRunner(), TimeProvider.System).ClimbAsync(ct));
        return command;
    }
}
