using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Lab.Testing;

namespace Hostup.Lab.Benchmarks;

/// <summary>
/// <c>hostup-lab bench agent-link</c>: what the polls of the agent cost at a network interface. The measuring is a test, which has the agent's own
/// code; here it is built, run, and its figures printed.
/// </summary>
public static class AgentLinkBenchmark
{
    private const string Project = "Hostup.Device.Tests";

    public static Command Create()
    {
        var command = new Command("agent-link", "Bytes of the agent's polls at a network interface, connections closed and kept alive; needs root");
        command.SetAction((_, ct) => RunAsync(ct));
        return command;
    }

    private static async Task<int> RunAsync(CancellationToken ct)
    {
        string root = SourceTree.Find();
        if (await DotNet.RunAsync(root, ["build", "-c", "Release", $"tests/{Project}", "--nologo", "-v", "q"], null, ct) != 0)
            throw new HostupException(HostupErrors.Lab, "cannot measure the agent's link", $"tests/{Project} does not build", "see its output above");
        return await DotNet.RunAsync(root, [$"artifacts/bin/{Project}/release/{Project}.dll", "-noColor", "-diagnostics", "-class", $"{Project}.Agent.LinkCostTests"], Print, ct);
    }

    private static void Print(string line)
    {
        if (line.Contains("a poll", StringComparison.Ordinal) || line.Contains("[FAIL]", StringComparison.Ordinal) || line.Contains("[SKIP]", StringComparison.Ordinal) || line.Contains("Total:", StringComparison.Ordinal))
            Console.WriteLine(line.Trim());
    }
}
