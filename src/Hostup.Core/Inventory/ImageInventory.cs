using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Inventory;

/// <summary>What is in an image, as people compare it.</summary>
/// <param name="Version">VERSION of /etc/os-release; null: it has none.</param>
/// <param name="Kernels">Names of the folders of kernel modules: the releases that <c>uname -r</c> can say.</param>
/// <param name="Packages">Installed packages.</param>
/// <param name="PackagesAreListed">False when the image has a package database that is not read.</param>
/// <param name="BootFiles">Boot files by path below /resin-boot.</param>
/// <param name="ConfigurationFiles">Files below /etc by path.</param>
/// <param name="FolderBytes">Bytes of content by folder, two names deep.</param>
public sealed record ImageInventory(
    string? Version,
    IReadOnlyList<string> Kernels,
    IReadOnlyList<Package> Packages,
    bool PackagesAreListed,
    IReadOnlyDictionary<string, Digest> BootFiles,
    IReadOnlyDictionary<string, Digest> ConfigurationFiles,
    IReadOnlyDictionary<string, long> FolderBytes)
{
    private static readonly TreePath Boot = TreePath.Parse("resin-boot");
    private static readonly TreePath Configuration = TreePath.Parse("etc");
    private static readonly TreePath[] Modules = [TreePath.Parse("usr/lib/modules"), TreePath.Parse("lib/modules")];

    /// <summary>Files whose content <see cref="Of"/> needs.</summary>
    public static IReadOnlySet<TreePath> Captured { get; } = PackageDatabase.Files.Concat(OsRelease.Files).ToHashSet();

    /// <summary>Lists a tree that was read with <see cref="Captured"/>.</summary>
    public static ImageInventory Of(RootTree tree)
    {
        var packages = PackageDatabase.Read(tree);
        return new(
            OsRelease.VersionOf(tree),
            [.. Modules.SelectMany(m => tree.EntriesBelow(m).Where(e => e.Entry.Kind == TreeEntryKind.Directory && e.Entry.Path.Parent == m)).Select(e => Encoding.UTF8.GetString(e.Entry.Path.Name))],
            packages,
            packages is not [] || !PackageDatabase.IsUnreadable(tree),
            FilesBelow(tree, Boot),
            FilesBelow(tree, Configuration),
            tree.Entries.Where(e => e.Entry.Kind == TreeEntryKind.File).GroupBy(e => Folder(e.Entry.Path)).ToDictionary(g => g.Key, g => g.Sum(e => e.Entry.Size)));
    }

    private static Dictionary<string, Digest> FilesBelow(RootTree tree, TreePath folder) => tree.EntriesBelow(folder)
        .Select(e => tree.Find(e.Entry.Path)!)
        .Where(e => e.Content is not null)
        .ToDictionary(e => e.Entry.Path.ToString()[(folder.ToString().Length + 1)..], e => e.Content!.Value);

    private static string Folder(TreePath file)
    {
        var names = file.ToString().Split('/', StringSplitOptions.RemoveEmptyEntries);
        return "/" + string.Join('/', names.Take(Math.Min(2, names.Length - 1)));
    }
}
