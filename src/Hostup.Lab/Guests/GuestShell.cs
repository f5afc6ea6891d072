using Hostup.Core.Errors;

namespace Hostup.Lab.Guests;

/// <summary>A shell in a device, a line at a time: every line is a shell of its own, which begins in the folder where the one before ended.</summary>
/// <param name="agent">The device's agent.</param>
/// <param name="name">The device's name, for the prompt.</param>
public sealed class GuestShell(GuestAgent agent, string name)
{
    private const string FolderMarker = "\u0001folder:";
    private static readonly TimeSpan LineLimit = TimeSpan.FromHours(1);

    // The line is an argument, not a part of the script: an unfinished quote in it hurts that line alone.
    private const string Script = "cd \"$1\" || exit; eval \"$2\"; status=$?; printf '\\001folder:%s' \"$PWD\"; exit $status";

    /// <summary>Reads and runs lines until there are no more, or one says <c>exit</c>.</summary>
    /// <param name="input">The lines.</param>
    /// <param name="output">Prompts and what the lines print.</param>
    /// <param name="quiet">Without prompts.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>Exit status of the last line.</returns>
    public async Task<int> RunAsync(TextReader input, TextWriter output, bool quiet, CancellationToken ct)
    {
        string folder = "/root";
        int status = 0;
        while (true)
        {
            if (!quiet)
                await output.WriteAsync($"root@{name}:{folder}# ");
            if (await input.ReadLineAsync(ct) is not { } line || line.Trim() == "exit")
                return status;
            (status, folder) = await RunLineAsync(line, folder, output, ct);
        }
    }

    private async Task<(int Status, string Folder)> RunLineAsync(string line, string folder, TextWriter output, CancellationToken ct)
    {
        try
        {
            var result = await agent.ExecAsync(["sh", "-c", Script, "sh", folder, line], LineLimit, ct);
            int end = result.Output.LastIndexOf(FolderMarker, StringComparison.Ordinal);
            await output.WriteAsync(end < 0 ? result.Output : result.Output[..end]);
            await Console.Error.WriteAsync(result.Error);
            return (result.ExitCode, end < 0 ? folder : result.Output[(end + FolderMarker.Length)..]);
        }
        catch (HostupException e)
        {
            // A line may well end the guest, or its agent: the next one waits until it answers again.
            await Console.Error.WriteLineAsync(e.Message);
            return (1, folder);
        }
    }
}
