using System.Diagnostics;
using Hostup.Core.Errors;
using Hostup.Lab.Testing;

namespace Hostup.Lab.Scenarios;

/// <summary>A program of the source tree, as built by the last build.</summary>
/// <param name="Project">Project folder.</param>
/// <param name="Name">Name of the program.</param>
public sealed record SourceProgram(string Project, string Name)
{
    /// <summary>The server.</summary>
    public static SourceProgram Server { get; } = new("Hostup.Server", "hostup-server");

    /// <summary>The operator's CLI.</summary>
    public static SourceProgram Cli { get; } = new("Hostup.Cli", "hostup");

    /// <summary>Builds it when it is not built.</summary>
    public async Task BuildAsync(LabEnvironment lab, CancellationToken ct)
    {
        lab.Progress($"building {Name}");
        if (await DotNet.RunAsync(lab.RepositoryRoot, ["build", $"src/{Project}", "-c", "Release", "-v", "quiet", "--nologo"], null, ct) != 0)
            throw new HostupException(HostupErrors.Lab, $"cannot build {Name}", "see the messages of the compiler", "mend the source tree");
    }

    /// <summary>Starts it.</summary>
    public Process Start(LabEnvironment lab, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, bool captured)
    {
        string program = Path.Combine(lab.RepositoryRoot, "artifacts/bin", Project, "release", Name + ".dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = captured, RedirectStandardError = captured, RedirectStandardInput = true };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}

/// <summary>What a run of the CLI left.</summary>
public sealed record CliResult(int ExitCode, string Output, string Error);
