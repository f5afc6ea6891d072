using Hostup.Core.RootTrees;

namespace Hostup.Delta.Repair;

/// <summary>
/// The first 8 bytes of the tree digest that a listing would have if the SHA-256 of each content were zero: a listing that was made of a changed old one
/// is found before anything is fetched for it.
/// </summary>
internal static class ListingCheck
{
    private static readonly byte[] NoContent = new byte[32];

    public static ulong Of(IEnumerable<TreeEntry> entries)
    {
        using var digest = new TreeDigest();
        foreach (var entry in entries)
            digest.Add(entry, entry.Kind == TreeEntryKind.File ? NoContent : default(ReadOnlySpan<byte>));
        return ContentCheck.Of(digest.Finish());
    }
}
