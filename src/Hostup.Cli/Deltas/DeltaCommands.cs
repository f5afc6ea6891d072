using System.CommandLine;
using Hostup.Cli.Releases;
using Hostup.Delta.Building;
using Hostup.Delta.Format;

namespace Hostup.Cli.Deltas;

/// <summary>hostup delta: differences between two root trees. Build, apply and info work without a server.</summary>
internal static class DeltaCommands
{
    public static Command Build(Terminal terminal) =>
        new("delta", "Build, apply and list deltas between root trees.") { BuildOne(terminal), DeltaApplyCommand.Build(terminal), Describe(terminal), DeltaServerCommands.List(terminal), DeltaServerCommands.Request(terminal) };

    private static ExampleCommand BuildOne(Terminal terminal)
    {
        var from = new Option<string>("--from") { Description = "Tree that devices have: a folder, a tar file, an OCI layout, docker://HOST/REPOSITORY:TAG or release:VERSION", Required = true };
        var to = new Option<string>("--to") { Description = "Tree that they are to get", Required = true };
        var file = new Option<string>("--out") { Description = "File that receives the delta", Required = true };
        var quality = new Option<int>("--quality") { Description = "Effort of packing, 0 to 11", DefaultValueFactory = _ => 11 };
        var threads = new Option<int?>("--threads") { Description = "Processors that are used; all of them" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("build", "Build the delta from one tree to another.", "hostup delta build --from old-layout --to new-layout --out update.hupdelta") { from, to, file, quality, threads, json };
        command.SetAction(async (parsed, ct) =>
        {
            string target = Path.GetFullPath(parsed.GetValue(file)!), folder = Path.GetDirectoryName(target)!;
            using var old = await TreeSource.SpoolAsync(parsed.GetValue(from)!, folder, ct);
            using var tree = await TreeSource.SpoolAsync(parsed.GetValue(to)!, folder, ct);
            var options = new DeltaOptions { Quality = Math.Clamp(parsed.GetValue(quality), 0, 11), Threads = Math.Max(1, parsed.GetValue(threads) ?? Environment.ProcessorCount) };
            await using var output = File.Create(target);
            DeltaReport.Print(terminal, await DeltaBuilder.BuildAsync(old, tree, output, options, ct), parsed.GetValue(json));
        });
        return command;
    }

    private static ExampleCommand Describe(Terminal terminal)
    {
        var file = new Argument<FileInfo>("FILE") { Description = "A delta" }.AcceptExistingOnly();
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("info", "Say what a delta is made from, what it gives and how large it is.", "hostup delta info update.hupdelta") { file, json };
        command.SetAction(async (parsed, ct) =>
        {
            await using var delta = parsed.GetValue(file)!.OpenRead();
            DeltaReport.Print(terminal, await DeltaHeader.ReadAsync(delta, ct), parsed.GetValue(json));
        });
        return command;
    }
}
