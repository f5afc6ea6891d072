namespace Hostup.Core.Inventory;

/// <summary>What differs between two images.</summary>
/// <param name="From">Version of the first; null: not known.</param>
/// <param name="To">Version of the second.</param>
/// <param name="PackagesAreListed">False when one of them has packages that cannot be listed.</param>
/// <param name="Packages">Packages added, removed, or with another version.</param>
/// <param name="Kernels">Kernels that only one of them has.</param>
/// <param name="BootFiles">Boot files that differ, with the beginnings of their digests.</param>
/// <param name="ConfigurationFiles">Files below /etc that differ, likewise.</param>
/// <param name="Folders">Folders, two names deep, whose content has another size, the greatest difference first.</param>
public sealed record InventoryDiff(
    string? From,
    string? To,
    bool PackagesAreListed,
    IReadOnlyList<Change> Packages,
    IReadOnlyList<Change> Kernels,
    IReadOnlyList<Change> BootFiles,
    IReadOnlyList<Change> ConfigurationFiles,
    IReadOnlyList<FolderChange> Folders)
{
    private const int ShownDigits = 12; // as much of a digest as people compare

    /// <summary>Compares two.</summary>
    public static InventoryDiff Of(ImageInventory from, ImageInventory to) => new(
        from.Version,
        to.Version,
        from.PackagesAreListed && to.PackagesAreListed,
        Changes(from.Packages.ToDictionary(p => p.Key, p => p.Version), to.Packages.ToDictionary(p => p.Key, p => p.Version)),
        Changes(from.Kernels.ToDictionary(k => k, k => k), to.Kernels.ToDictionary(k => k, k => k)),
        Changes(Shown(from.BootFiles), Shown(to.BootFiles)),
        Changes(Shown(from.ConfigurationFiles), Shown(to.ConfigurationFiles)),
        [.. from.FolderBytes.Keys.Union(to.FolderBytes.Keys)
            .Select(f => new FolderChange(f, from.FolderBytes.GetValueOrDefault(f), to.FolderBytes.GetValueOrDefault(f)))
            .Where(f => f.FromBytes != f.ToBytes)
            .OrderByDescending(f => Math.Abs(f.ToBytes - f.FromBytes)).ThenBy(f => f.Folder, StringComparer.Ordinal)]);

    private static Dictionary<string, string> Shown(IReadOnlyDictionary<string, Digest> files) => files.ToDictionary(f => f.Key, f => f.Value.Hex[..ShownDigits]);

    private static List<Change> Changes(Dictionary<string, string> from, Dictionary<string, string> to) =>
        [.. from.Keys.Union(to.Keys)
            .Select(k => new Change(k, from.GetValueOrDefault(k), to.GetValueOrDefault(k)))
            .Where(c => c.From != c.To)
            .OrderBy(c => c.Name, StringComparer.Ordinal)];
}
