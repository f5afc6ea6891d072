using Hostup.Core.RootTrees;

namespace Hostup.Delta.Listing;

/// <summary>An entry with nothing but what the tree digest sees, so that every reader of a tree gives the same one.</summary>
internal static class CanonicalEntry
{
    public static TreeEntry Of(TreeEntry entry) => entry.Kind switch
    {
        TreeEntryKind.HardLink => new TreeEntry { Path = entry.Path, Kind = entry.Kind, LinkTarget = entry.LinkTarget },
        TreeEntryKind.SymbolicLink => entry with { Mode = 0x1FF /* 0777 */, LinkTarget = default, Size = 0 },
        TreeEntryKind.Directory when entry.Path.IsRoot => entry with { ModifiedSeconds = 0 },
        _ => entry,
    };
}
