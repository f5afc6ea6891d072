using System.ComponentModel;
using System.Diagnostics;
using Hostup.Core.Errors;

namespace Hostup.Linux.Processes;

/// <summary>What an external program left.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error);

/// <summary>
/// Runs external programs: by absolute path under a tool root, with a list of arguments and no shell, an empty environment, a time limit,
/// output captured.
/// </summary>
/// <param name="toolRoot">Put before every program path; empty on a device, a folder of fakes in tests.</param>
public sealed class CommandRunner(string toolRoot = "")
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Absolute path; the first that exists of several, separated by '|'.</param>
    /// <param name="arguments">Arguments.</param>
    /// <param name="ct">Ends the program.</param>
    /// <param name="patience">How long it may take; null: five minutes.</param>
    /// <param name="environment">Variables beside the two that each has; null: none.</param>
    /// <exception cref="HostupException"><c>program</c> when it is not there or takes longer.</exception>
    public async ValueTask<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct, TimeSpan? patience = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = Prepare(program, arguments);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(patience ?? Limit);
        using var process = Start(start, program);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token).ConfigureAwait(false);
            return new CommandResult(process.ExitCode, await output.ConfigureAwait(false), await error.ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw Failed(program, $"it did not end within {(patience ?? Limit).TotalSeconds:0} s");
        }
    }

    /// <summary>Runs a program with this process's own input and output, however long it takes.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="HostupException"><c>program</c> when it is not there.</exception>
    public async ValueTask<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        using var process = Start(Prepare(program, arguments), program);
        await process.WaitForExitAsync(ct).ConfigureAwait(false);
        return process.ExitCode;
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <exception cref="HostupException"><c>program</c> with its exit code and the end of its error output.</exception>
    public async ValueTask<string> RequireAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        var result = await RunAsync(program, arguments, ct).ConfigureAwait(false);
        string said = (result.Error.Length > 0 ? result.Error : result.Output).Trim().ReplaceLineEndings("; ");
        return result.ExitCode == 0
            ? result.Output
            : throw Failed($"{program} {string.Join(' ', arguments)}", $"exit code {result.ExitCode}: {(said.Length > 300 ? said[^300..] : said)}");
    }

    private ProcessStartInfo Prepare(string program, IReadOnlyList<string> arguments)
    {
        string path = program.Split('|').Select(p => toolRoot + p).FirstOrDefault(File.Exists)
            ?? throw Failed(program, "it is not installed");
        var start = new ProcessStartInfo(path, arguments);
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    private static Process Start(ProcessStartInfo start, string program)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw Failed(program, e.Message);
        }
    }

    private static HostupException Failed(string program, string why) =>
        new(HostupErrors.Program, $"cannot run {program}", why, "run it by hand on the device to see more");
}
