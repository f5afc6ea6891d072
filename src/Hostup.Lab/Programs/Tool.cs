using System.Diagnostics;
using Hostup.Core.Errors;

namespace Hostup.Lab.Programs;

/// <summary>A program of the builder's machine, run with an argument list and never through a shell.</summary>
/// <param name="Name">File name, looked up in the system folders, then in PATH.</param>
public sealed record Tool(string Name)
{
    private static readonly string[] Folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    /// <summary>Absolute path, or null when the machine does not have the program.</summary>
    public string? Path => Name.Contains('/', StringComparison.Ordinal)
        ? (File.Exists(Name) ? Name : null)
        : Folders.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(f => f + "/" + Name).FirstOrDefault(File.Exists);

    /// <summary>Runs the program to its end and throws when it does not end with 0.</summary>
    /// <param name="arguments">Arguments, passed on as they are.</param>
    /// <param name="limit">How long it may run.</param>
    /// <param name="environment">Variables added to a small fixed environment.</param>
    /// <param name="ct">Ends the program.</param>
    /// <exception cref="HostupException"><c>lab</c>: missing, too slow, or a non-zero exit status.</exception>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, TimeSpan limit, IReadOnlyDictionary<string, string>? environment, CancellationToken ct)
    {
        return Checked(arguments, await TryRunAsync(arguments, limit, environment, null, ct));
    }

    /// <summary>Runs the program with the usual limit of ten minutes.</summary>
    public Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken ct) => RunAsync(arguments, TimeSpan.FromMinutes(10), null, ct);

    /// <summary>Runs a program that reads its orders from standard input.</summary>
    public async Task<string> RunWithInputAsync(IReadOnlyList<string> arguments, string input, CancellationToken ct) =>
        Checked(arguments, await TryRunAsync(arguments, TimeSpan.FromMinutes(10), null, input, ct));

    private string Checked(IReadOnlyList<string> arguments, ToolResult result)
    {
        if (result.ExitCode == 0)
            return result.Output;
        string words = result.Error.Trim().Length > 0 ? result.Error : result.Output;
        throw new HostupException(HostupErrors.Lab, $"cannot run {Name} {string.Join(' ', arguments)}",
            $"exit status {result.ExitCode}: {Tail(words)}", "read the message of the program");
    }

    /// <summary>Runs the program to its end and returns its exit status, whatever it is.</summary>
    /// <exception cref="HostupException"><c>lab</c>: missing or too slow.</exception>
    public async Task<ToolResult> TryRunAsync(
        IReadOnlyList<string> arguments, TimeSpan limit, IReadOnlyDictionary<string, string>? environment, string? input, CancellationToken ct)
    {
        using var process = Process.Start(StartInfo(arguments, environment))!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
        deadline.CancelAfter(limit);
        var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
        var error = process.StandardError.ReadToEndAsync(deadline.Token);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
            return new ToolResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            ct.ThrowIfCancellationRequested();
            throw new HostupException(HostupErrors.Lab, $"cannot run {Name} to its end", $"it was still running after {limit.TotalSeconds:0} s",
                "look at the load of this machine and try again");
        }
    }

    private ProcessStartInfo StartInfo(IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string>? environment)
    {
        string path = Path ?? throw new HostupException(HostupErrors.Lab, $"cannot run {Name}", "this machine does not have it", "run: hostup-lab tools install");
        var start = new ProcessStartInfo(path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return start;
    }

    private static string Tail(string text) => text.Length <= 2000 ? text.Trim() : "... " + text[^2000..].Trim();
}
