using System.CommandLine;
using Hostup.Linux.Processes;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device poll-now</c>: the agent asks the server at once instead of at its next time.</summary>
internal static class PollNowCommand
{
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";

    public static Command Create()
    {
        var command = new Command("poll-now", "Let the agent ask the server at once");
        command.SetAction(async (_, ct) =>
        {
            await new CommandRunner().RequireAsync(Systemctl, ["kill", "--kill-who=main", "--signal=SIGUSR1", "hostup-agent.service"], ct).ConfigureAwait(false);
            return ExitCodes.Done;
        });
        return command;
    }
}
