using System.CommandLine;
using System.Globalization;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Delta.Format;
using Hostup.Linux.RootTrees;
using Hostup.Oci.Layers;

namespace Hostup.Cli.Deltas;

/// <summary>hostup delta apply: makes the new tree as a folder or as a tar file, and compares its tree digest.</summary>
internal static class DeltaApplyCommand
{
    public static ExampleCommand Build(Terminal terminal)
    {
        var from = new Option<string>("--from") { Description = "The tree that the delta was built from", Required = true };
        var file = new Option<FileInfo>("--delta") { Description = "The delta", Required = true }.AcceptExistingOnly();
        var target = new Option<string>("--out") { Description = "A name ending in .tar, or a folder that is empty or holds what an interrupted run left", Required = true };
        var command = new ExampleCommand("apply", "Make the new tree from the old one and a delta.", "hostup delta apply --from old-layout --delta update.hupdelta --out new.tar") { from, file, target };
        command.SetAction(async (parsed, ct) =>
        {
            string output = Path.GetFullPath(parsed.GetValue(target)!);
            var (old, owner) = await TreeSource.OpenOldAsync(parsed.GetValue(from)!, Path.GetDirectoryName(output)!, ct);
            using var _ = owner;
            await using var delta = parsed.GetValue(file)!.OpenRead();
            var wanted = (await DeltaHeader.ReadAsync(delta, ct)).To;
            delta.Position = 0;
            var made = output.EndsWith(".tar", StringComparison.Ordinal) ? await ToTarAsync(delta, old, output, ct) : await ToFolderAsync(delta, old, output, wanted, ct);
            if (made != wanted)
                throw new HostupException(HostupErrors.DigestMismatch, $"cannot use {output}", $"its tree digest is {made}, the delta gives {wanted}", "check that --from is the tree that the delta was built from");
            await terminal.Output.WriteLineAsync($"made {output}: {made}");
        });
        return command;
    }

    private static async Task<Digest> ToTarAsync(Stream delta, IDeltaTree old, string file, CancellationToken ct)
    {
        await using var tar = File.Create(file);
        await new TarTarget(tar).WriteAsync(delta, old, ct);
        tar.Position = 0;
        await using var layer = new LayerReader(tar);
        return (await RootTree.ReadAsync(layer, new HashSet<TreePath>(), ct)).Digest;
    }

    private static async Task<Digest> ToFolderAsync(Stream delta, IDeltaTree old, string folder, Digest wanted, CancellationToken ct)
    {
        string kept = folder + ".hostup-progress";
        var progress = Load(kept, wanted);
        Directory.CreateDirectory(folder);
        if (progress is null && Directory.EnumerateFileSystemEntries(folder).Any(e => Path.GetFileName(e) != "lost+found"))
            throw new HostupException(HostupErrors.BadValue, $"cannot write to {folder}", "it is not empty", "name a folder that does not exist");
        await DeltaWrite.WriteAsync(delta, old, folder, progress, p => Save(kept, wanted, p), ct);
        File.Delete(kept);
        return await TreeDigestOfDirectory.ComputeAsync(folder, null, ct);
    }

    private static void Save(string file, Digest wanted, DeltaProgress progress)
    {
        File.WriteAllText(file + ".new", string.Create(CultureInfo.InvariantCulture, $"{wanted} {progress.FramesDone} {progress.WriterState}"));
        File.Move(file + ".new", file, overwrite: true);
    }

    private static DeltaProgress? Load(string file, Digest wanted) => File.Exists(file) && File.ReadAllText(file).Split(' ') is [var digest, var frames, var state] && digest == wanted.ToString()
        ? new DeltaProgress(int.Parse(frames, CultureInfo.InvariantCulture), long.Parse(state, CultureInfo.InvariantCulture))
        : null;
}
