using System.Text;
using Hostup.Core;
using Hostup.Core.Inventory;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;

namespace Hostup.Cli.Releases;

/// <summary>What a release manifest says that is read from the image itself: every layer, once.</summary>
/// <param name="TreeDigest">Tree digest of the root file system.</param>
/// <param name="Root">What the slot's file system must hold.</param>
/// <param name="BootFiles">Files below /resin-boot.</param>
/// <param name="Hooks">Update hooks, relative to their folder.</param>
/// <param name="OsReleaseVersion">VERSION of /etc/os-release; null: it has none.</param>
/// <param name="FileAt">Size and digest of a file by its absolute path; null: there is none.</param>
internal sealed record ImageFacts(Digest TreeDigest, RootFileSystem Root, IReadOnlyList<BootFile> BootFiles, IReadOnlyList<string> Hooks, string? OsReleaseVersion, Func<string, (long Size, Digest Digest)?> FileAt)
{
    private const string BootFolder = "resin-boot";

    /// <exception cref="HostupException"><c>bad-image</c>, <c>digest-mismatch</c> and the codes of the source.</exception>
    public static async Task<ImageFacts> ReadAsync(ImageSource source, CancellationToken ct)
    {
        await using var layers = source.Image.OpenLayers(source.Blobs);
        var tree = await RootTree.ReadAsync(layers, OsRelease.Files.ToHashSet(), ct);
        var root = new RootFileSystem { ContentBytes = tree.Sums.ContentBytes, SpaceBytes = tree.Sums.SpaceBytes, Entries = tree.Sums.Entries };
        return new ImageFacts(tree.Digest, root, [.. BootFilesOf(tree)], HookFolder.In(FilesBelow(tree, HookFolder.Place[1..]).Select(f => f.Path)), OsRelease.VersionOf(tree), path => FileIn(tree, path));
    }

    private static IEnumerable<BootFile> BootFilesOf(RootTree tree) => FilesBelow(tree, BootFolder);

    // what counts is the content under each name
    private static IEnumerable<BootFile> FilesBelow(RootTree tree, string place)
    {
        var folder = TreePath.Parse(place);
        if (tree.Find(folder) is null)
            yield break;
        foreach (var listed in tree.EntriesBelow(folder))
        {
            // a FAT file system has neither links nor owners
            if (tree.Find(listed.Entry.Path) is { Entry.Kind: TreeEntryKind.File, Content: { } digest } file)
                yield return new BootFile(Encoding.UTF8.GetString(file.Entry.Path.Bytes[(place.Length + 1)..]), file.Entry.Size, digest);
        }
    }

    private static (long Size, Digest Digest)? FileIn(RootTree tree, string path) =>
        tree.Find(TreePath.Parse(path.TrimStart('/'))) is { Entry.Kind: TreeEntryKind.File, Content: { } digest } file ? (file.Entry.Size, digest) : null;
}
