using System.CommandLine;
using System.Globalization;
using Hostup.Core;
using Hostup.Core.Inventory;
using Hostup.Core.RootTrees;

namespace Hostup.Cli.Releases;

/// <summary>hostup release diff: what differs between the images of two releases. Works without a server.</summary>
internal static class ReleaseDiffCommand
{
    private const int FoldersShown = 10;

    public static ExampleCommand Build(Terminal terminal)
    {
        var from = new Argument<string>("A") { Description = "Image: OCI layout (folder), docker archive (file) or docker://HOST/REPOSITORY:TAG" };
        var to = new Argument<string>("B") { Description = "Image to compare it with" };
        var json = ReleaseCommands.JsonOption();
        var command = new ExampleCommand("diff", "List packages, kernels, boot and configuration files and sizes that differ between two images.", "hostup release diff build-7/layout build-8/layout") { from, to, json };
        command.SetAction(async (parsed, ct) =>
        {
            var diff = InventoryDiff.Of(await ReadAsync(parsed.GetValue(from)!, ct), await ReadAsync(parsed.GetValue(to)!, ct));
            terminal.Print(diff, parsed.GetValue(json), Write);
        });
        return command;
    }

    private static async Task<ImageInventory> ReadAsync(string name, CancellationToken ct)
    {
        using var source = await ImageSource.OpenAsync(name, platform: null, ct);
        await using var layers = source.Image.OpenLayers(source.Blobs);
        return ImageInventory.Of(await RootTree.ReadAsync(layers, ImageInventory.Captured, ct));
    }

    private static void Write(TextWriter writer, InventoryDiff diff)
    {
        writer.WriteLine($"{diff.From ?? "?"} -> {diff.To ?? "?"}");
        if (!diff.PackagesAreListed)
            writer.WriteLine("packages: rpm's database is not read; see the folders");
        Section(writer, "packages", diff.Packages);
        Section(writer, "kernels", diff.Kernels);
        Section(writer, "boot files", diff.BootFiles);
        Section(writer, "configuration files", diff.ConfigurationFiles);
        if (diff.Folders is [])
            return;
        writer.WriteLine($"folders: {diff.Folders.Count} with another size");
        foreach (var folder in diff.Folders.Take(FoldersShown))
            writer.WriteLine($"  {folder.Folder}  {new ByteCount(folder.FromBytes)} -> {new ByteCount(folder.ToBytes)} ({Signed(folder.ToBytes - folder.FromBytes)})");
        if (diff.Folders.Count > FoldersShown)
            writer.WriteLine($"  ... {diff.Folders.Count - FoldersShown} more: --json lists them");
    }

    private static void Section(TextWriter writer, string what, IReadOnlyList<Change> changes)
    {
        if (changes is [])
            return;
        int added = changes.Count(c => c.From is null), removed = changes.Count(c => c.To is null);
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {added} added, {removed} removed, {changes.Count - added - removed} changed"));
        foreach (var change in changes)
            writer.WriteLine((change switch { { From: null } => $"+ {change.Name}  {Beside(change, change.To!)}", { To: null } => $"- {change.Name}  {Beside(change, change.From)}", _ => $"  {change.Name}  {change.From} -> {change.To}" }).TrimEnd());
    }

    // A kernel has no value beside its name.
    private static string Beside(Change change, string value) => value == change.Name ? "" : value;

    private static string Signed(long bytes) => (bytes < 0 ? "-" : "+") + new ByteCount(Math.Abs(bytes));
}
