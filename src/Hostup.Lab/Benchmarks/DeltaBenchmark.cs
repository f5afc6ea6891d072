using System.CommandLine;
using System.Globalization;
using Hostup.Lab.Packages;
using Hostup.Lab.Scenarios;

namespace Hostup.Lab.Benchmarks;

/// <summary>
/// <c>hostup-lab bench delta</c>: bytes, time and memory of a delta between root trees, against rdiff, xdelta3, casync and blocks, in the same run.
/// The trees are Debian as published (A), the same with today's updates (B), and B with the kernel of A (P).
/// </summary>
public static class DeltaBenchmark
{
    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var pair = new Option<string>("--pair") { Description = "security, kernel or both", DefaultValueFactory = _ => "both" };
        pair.AcceptOnlyFromAmong("security", "kernel", "both");
        var include = new Option<string>("--include") { Description = "Further packages, separated by commas", DefaultValueFactory = _ => "" };
        var threads = new Option<int>("--threads") { Description = "Processors for the builder", DefaultValueFactory = _ => 2 };
        var alone = new Option<bool>("--alone") { Description = "Without the other programs" };
        var command = new Command("delta", "Bytes, time and memory of deltas, against other programs") { pair, include, threads, alone };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(pair)!, parsed.GetValue(include)!, parsed.GetValue(threads), parsed.GetValue(alone), ct));
        return command;
    }

    private static async Task<int> RunAsync(string pair, string include, int threads, bool alone, CancellationToken ct)
    {
        var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
        await RequiredTools.InstallForBenchmarksAsync(lab.Progress, ct);
        await SourceProgram.Cli.BuildAsync(lab, ct);
        var old = await PairTree.OfSuitesAsync(lab, ["bookworm"], include, ct);
        var updated = await PairTree.OfSuitesAsync(lab, ["bookworm", "bookworm-updates", "bookworm-security"], include, ct);
        if (pair != "kernel")
            await CompareAsync(lab, "security update", old, await PairTree.MixedAsync(lab, updated, old, ct), threads, alone, ct);
        if (pair != "security")
            await CompareAsync(lab, "security update with kernel", old, updated, threads, alone, ct);
        return 0;
    }

    private static async Task CompareAsync(LabEnvironment lab, string name, PairTree old, PairTree target, int threads, bool alone, CancellationToken ct)
    {
        Console.WriteLine($"{name}: {old.Kernel} to {target.Kernel}, {new FileInfo(target.Tar).Length} bytes of tar, {TimeProvider.System.GetUtcNow():yyyy-MM-dd}");
        string scratch = Directory.CreateTempSubdirectory("hostup-bench-").FullName;
        try
        {
            string cli = Path.Combine(lab.RepositoryRoot, "artifacts/bin/Hostup.Cli/release/hostup.dll");
            var methods = new DeltaMethods(cli, scratch, threads);
            var ours = await methods.HostupAsync(old, target, ct);
            Print(ours, ours);
            if (alone)
                return;
            foreach (var method in (Func<PairTree, PairTree, CancellationToken, Task<DeltaResult>>[])[methods.XdeltaAsync, methods.RdiffAsync, methods.CasyncAsync, methods.BlocksAsync])
                Print(await method(old, target, ct), ours);
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static void Print(DeltaResult result, DeltaResult ours) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"| {result.Name} | {result.Bytes:N0} | {(double)result.Bytes / ours.Bytes:0.0} | {result.Build} | {result.Apply?.ToString() ?? "-"} |"));
}
