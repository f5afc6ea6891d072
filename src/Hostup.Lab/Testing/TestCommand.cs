using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Lab.Packages;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Testing;

/// <summary><c>./test</c>: sets up and runs the tests of a tier.</summary>
public static class TestCommand
{
    private static readonly string[] ImageNeeds = ["root", "docker", "postgres", "browser"];

    // These compute alone: no clock but their own, no socket and no other process is in them, so how fast they run changes nothing.
    private static readonly string[] Computing = ["Hostup.Delta.Tests", "Hostup.Updates.Tests"];

    public static Command Create()
    {
        var tier = new Argument<string>("tier") { Description = "fast, image, vm, mutate, ci or all", DefaultValueFactory = _ => "all" };
        tier.AcceptOnlyFromAmong("fast", "image", "vm", "mutate", "ci", "all");
        var only = new Argument<string[]>("faults") { Description = "With mutate: only these planted faults", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("test", "Run the tests of a tier") { tier, only };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(tier)!, parsed.GetValue(only) ?? [], ct));
        return command;
    }

    private static string[] Fast => [.. ImageNeeds.Append("vm").SelectMany(n => new[] { "-trait-", $"Needs={n}" })];

    private static async Task<int> RunAsync(string tier, IReadOnlyList<string> faults, CancellationToken ct)
    {
        string root = SourceTree.Find();
        var clock = Stopwatch.StartNew();
        var run = new TestRun(root);
        try
        {
            if (faults.Count > 0 && tier != "mutate")
                throw new HostupException(HostupErrors.BadValue, $"cannot run {string.Join(", ", faults)}", $"{tier} takes no names", "give names of planted faults to mutate only");
            await RunAsync(tier, faults, root, run, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            run.Fail("the run was ended before its end");
        }
        catch (Exception e) when (e is HostupException or IOException)
        {
            run.Fail(e.Message);
        }
        catch (Exception e)
        {
            run.Fail(e.ToString());
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tier} took {clock.Elapsed.TotalMinutes:0.0} min"));
        if (tier == "all" && run.IsWhole && !ct.IsCancellationRequested)
            await RecordAsync(root, run, clock.Elapsed, ct);
        Console.WriteLine(run.Summary);
        return run.Good ? 0 : 1;
    }

    private static async Task RunAsync(string tier, IReadOnlyList<string> faults, string root, TestRun run, CancellationToken ct)
    {
        if (tier is not ("fast" or "mutate"))
            await InstallToolsAsync(ct);
        if (tier != "mutate")
        {
            if (!await run.BuildAsync(ct))
                return;
            if (tier is "fast" or "ci" or "all")
                await run.RunAsync("fast", Fast, everyTest: false, ct, tier == "ci" ? n => !Computing.Contains(n) : null);
            if (tier is "image" or "ci" or "all")
                await run.RunAsync("image", [.. ImageNeeds.SelectMany(n => new[] { "-trait", $"Needs={n}" })], everyTest: false, ct);
        }
        // What takes minutes and what every run shows come first, so that a long run that goes wrong says so early.
        if (tier is "mutate" or "all")
            await run.MutateAsync(faults, testsPassed: tier == "all" && run.Good, ct);
        // An emulated device leaves a part of the machine free.
        var beside = tier == "ci" ? run.RunAsync("fast", Fast, everyTest: false, ct, Computing.Contains, aside: true) : Task.CompletedTask;
        if (tier is "vm" or "all" or "ci")
            await Task.WhenAll(run.RunAsync("vm", ["-trait", "Subset=ci"], everyTest: true, ct), beside);
        if (tier is "vm" or "all")
            await run.RunAsync("vm", ["-trait", "Needs=vm", "-trait-", "Subset=ci"], everyTest: true, ct);
        run.IsWhole = true;
    }

    // Where it cannot (no root, another distribution) the tests that need a tool say so and are skipped.
    private static async Task InstallToolsAsync(CancellationToken ct)
    {
        try
        {
            await RequiredTools.InstallForTestsAsync(Console.WriteLine, ct);
        }
        catch (HostupException e)
        {
            Console.WriteLine($"tools are not installed: {e.Message}");
        }
    }

    private static async Task RecordAsync(string root, TestRun run, TimeSpan took, CancellationToken ct)
    {
        string commit = await CommitAsync(root, ct);
        await File.WriteAllTextAsync(
            Path.Combine(root, "docs/last-full-test.txt"),
            string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, commit {commit}: {run.Summary}, {took.TotalMinutes:0} min\n"), ct);
    }

    /// <summary>Of a modified tree it says so; a source tree from an archive has none, and a machine may be without git.</summary>
    private static async Task<string> CommitAsync(string root, CancellationToken ct)
    {
        var git = new Tool("git");
        if (git.Path is null)
            return "unknown";
        var said = await git.TryRunAsync(["-C", root, "describe", "--always", "--exclude", "*", "--dirty=, modified"], TimeSpan.FromMinutes(1), null, null, ct);
        return said.ExitCode == 0 ? said.Output.Trim() : "unknown";
    }
}
