using System.CommandLine;
using Hostup.Core.Releases;
using Hostup.Core.Wire;

namespace Hostup.Lab.Networks;

/// <summary><c>hostup-lab fetch-slot</c>: brings a release to a slot that is a folder, in a process that a test can kill.</summary>
public static class FetchSlotCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "State and slot" };
        var manifest = new Argument<string>("manifest") { Description = "Release manifest, not signed" };
        var registry = new Argument<string>("registry") { Description = "Address of the registry" };
        var budget = new Option<long>("--byte-budget") { Description = "Most bytes for the attempt; 0: no limit" };
        var deltas = new Option<string?>("--deltas") { Description = "Address of a server with deltas, for the tree in FOLDER/running" };
        var command = new Command("fetch-slot", "Bring a release to a folder as a device does to its spare slot") { folder, manifest, registry, budget, deltas };
        command.SetAction(async (parsed, ct) =>
        {
            var release = ReleaseManifest.Parse(await File.ReadAllBytesAsync(parsed.GetValue(manifest)!, ct));
            using var fetch = new SlotFetch(parsed.GetValue(folder)!) 
            {
                Policy = new UpdatePolicy { ByteBudget = parsed.GetValue(budget) },
                Deltas = parsed.GetValue(deltas) is { } server ? new Uri(server) : null,
            };
            Console.WriteLine(await fetch.RunAsync(release, [("registry", new Uri(parsed.GetValue(registry)!))], ct));
            return 0;
        });
        return command;
    }
}
