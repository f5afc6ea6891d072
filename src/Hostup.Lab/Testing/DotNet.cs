using System.Diagnostics;

namespace Hostup.Lab.Testing;

/// <summary>The .NET SDK's program, started with its output shown or read line by line.</summary>
public static class DotNet
{
    /// <summary>Runs it.</summary>
    /// <param name="folder">Working folder.</param>
    /// <param name="arguments">Arguments.</param>
    /// <param name="line">Told each line of output; null: output is shown only when it fails.</param>
    /// <param name="ct">Ends it.</param>
    /// <param name="aside">With lower priority than whatever else runs.</param>
    /// <returns>Exit code.</returns>
    public static async Task<int> RunAsync(string folder, IReadOnlyList<string> arguments, Action<string>? line, CancellationToken ct, bool aside = false)
    {
        var start = new ProcessStartInfo(aside ? "nice" : "dotnet", aside ? ["-n", "10", "dotnet", .. arguments] : arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        // Build servers outlive their build and keep a caller's pipes open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var kept = new List<string>();
        void Take(string? text)
        {
            if (text is null)
                return;
            lock (kept)
                kept.Add(text);
            line?.Invoke(text);
        }
        process.OutputDataReceived += (_, e) => Take(e.Data);
        process.ErrorDataReceived += (_, e) => Take(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync(ct);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
        if (process.ExitCode != 0 && line is null)
            kept.ForEach(Console.Error.WriteLine);
        return process.ExitCode;
    }
}
