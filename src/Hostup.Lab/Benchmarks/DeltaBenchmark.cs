using System.CommandLine;
using System.Globalization;
using Hostup.Lab.Packages;
using Hostup.Lab.Scenarios;

namespace Hostup.Lab.Benchmarks;

/// <summary>
/// <c>hostup-lab bench delta</c>: bytes, time and memory of a delta between root trees, against rdiff, xdelta3, zstd, casync, blocks and the full image, in the same run.
/// The trees are Debian as published (A), the same with today's updates (B), B with the kernel of A (P), and the next Debian (C).
/// </summary>
public static class DeltaBenchmark
{
    private const string All = "all", Security = "security", Kernel = "kernel", Distribution = "distribution";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var pair = new Option<string>("--pair") { Description = "security (A to P), kernel (A to B), distribution (B to C) or all", DefaultValueFactory = _ => All };
        pair.AcceptOnlyFromAmong(Security, Kernel, Distribution, All);
        var include = new Option<string>("--include") { Description = "Further packages, separated by commas", DefaultValueFactory = _ => "" };
        var threads = new Option<int>("--threads") { Description = "Processors for the builder", DefaultValueFactory = _ => 2 };
        var alone = new Option<bool>("--alone") { Description = "Without the other programs, and without judging" };
        var output = new Option<string?>("--out") { Description = "Folder that receives the tables (delta.md) and charts" };
        var command = new Command("delta", "Bytes, time and memory of deltas, against other programs; 1 when a goal is missed") { pair, include, threads, alone, output };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(pair)!, parsed.GetValue(include)!, parsed.GetValue(threads), parsed.GetValue(alone), parsed.GetValue(output), ct));
        return command;
    }

    private static async Task<int> RunAsync(string pair, string include, int threads, bool alone, string? output, CancellationToken ct)
    {
        var lab = LabEnvironment.OfThisProcess(Console.Error.WriteLine);
        await RequiredTools.InstallForBenchmarksAsync(lab.Progress, ct);
        await SourceProgram.Cli.BuildAsync(lab, ct);
        var tables = new List<DeltaTable>();
        await foreach (var (key, name, old, target, goal) in PairsAsync(lab, pair, include, ct))
        {
            var results = await MeasureAsync(lab, old, target, threads, alone, ct);
            string origin = string.Create(CultureInfo.InvariantCulture, $"{old.Archive} to {target.Archive}; kernel {old.Kernel} to {target.Kernel}; {old.ChangedPackages(target)} packages changed; {new FileInfo(target.Tar).Length:N0} bytes of tar; {TimeProvider.System.GetUtcNow():yyyy-MM-dd}.");
            var table = new DeltaTable(key, name, origin, results, alone ? [] : goal.Judge(results, include.Length > 0 ? DeltaGoal.Untuned : 1));
            Console.WriteLine(table.ToMarkdown());
            tables.Add(table);
        }
        if (output is not null)
            await WriteAsync(tables, output, ct);
        return tables.All(t => t.Judged.All(j => j.Met)) ? 0 : 1;
    }

    private static async IAsyncEnumerable<(string Key, string Name, PairTree Old, PairTree Target, DeltaGoal Goal)> PairsAsync(LabEnvironment lab, string pair, string include, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken ct)
    {
        var updated = await PairTree.OfSuitesAsync(lab, ["bookworm", "bookworm-updates", "bookworm-security"], include, ct);
        if (pair != Distribution)
        {
            var old = await PairTree.OfSuitesAsync(lab, ["bookworm"], include, ct);
            if (pair is Security or All)
                yield return (Security, "Security update (A to P)", old, await PairTree.MixedAsync(lab, updated, old, ct), new DeltaGoal(9, 3.2));
            if (pair is Kernel or All)
                yield return (Kernel, "Security update with kernel (A to B)", old, updated, new DeltaGoal(5.4, 4.1));
        }
        if (pair is Distribution or All)
            yield return (Distribution, "Next distribution (B to C)", updated, await PairTree.OfSuitesAsync(lab, ["trixie", "trixie-security"], include, ct), new DeltaGoal(0, 0));
    }

    /// <summary>Ours, then the others.</summary>
    private static async Task<IReadOnlyList<DeltaResult>> MeasureAsync(LabEnvironment lab, PairTree old, PairTree target, int threads, bool alone, CancellationToken ct)
    {
        string scratch = Directory.CreateTempSubdirectory("hostup-bench-").FullName;
        try
        {
            var methods = new DeltaMethods(Path.Combine(lab.RepositoryRoot, "artifacts/bin/Hostup.Cli/release/hostup.dll"), scratch, threads);
            var results = new List<DeltaResult> { await methods.HostupAsync(old, target, ct) };
            foreach (var method in alone ? [] : methods.Others)
            {
                results.Add(await method(old, target, ct));
                lab.Progress($"{results[^1].Name}: {results[^1].Bytes} bytes");
            }
            return results;
        }
        finally
        {
            Directory.Delete(scratch, recursive: true);
        }
    }

    private static async Task WriteAsync(IReadOnlyList<DeltaTable> tables, string folder, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "delta.md"), string.Join('\n', tables.Select(t => t.ToMarkdown())), ct);
        foreach (var (name, chart) in tables.SelectMany(t => t.ToCharts()))
            await File.WriteAllTextAsync(Path.Combine(folder, name), chart, ct);
    }
}
