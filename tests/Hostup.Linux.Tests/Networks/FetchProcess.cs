using System.Diagnostics;
using Hostup.Lab.Networks;

namespace Hostup.Linux.Tests.Networks;

/// <summary><c>hostup-lab fetch-slot</c> in a process of its own, which may be killed in the middle.</summary>
internal static class FetchProcess
{
    /// <summary>Exit code of a process that was killed.</summary>
    public const int Killed = 137;

    /// <summary>Runs it to its end, or kills it when so many bytes had been sent before that.</summary>
    /// <param name="bytes">Bytes that the network sends before the kill.</param>
    /// <param name="network">What it fetches over.</param>
    /// <param name="arguments">Behind the name of the command.</param>
    /// <returns>Exit code, and what it said on standard error.</returns>
    public static async Task<(int ExitCode, string Errors)> RunAsync(long bytes, BadNetwork network, params IReadOnlyList<string> arguments)
    {
        string dotnet = Environment.ProcessPath!.EndsWith("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet";
        using var process = Process.Start(new ProcessStartInfo(dotnet, [typeof(BadNetwork).Assembly.Location, "fetch-slot", .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        network.Progress = sent =>
        {
            if (sent >= bytes && !process.HasExited)
                process.Kill();
        };
        string errors = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, errors);
    }
}
