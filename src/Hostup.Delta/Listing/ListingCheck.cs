using Hostup.Core.RootTrees;
using Hostup.Delta.Repair;

namespace Hostup.Delta.Listing;

/// <summary>
/// The first 8 bytes of the tree digest that a listing would have if the SHA-256 of each content were zero: a listing that was made of a changed old one
/// is found before anything is fetched for it.
/// </summary>
internal static class ListingCheck
{
    /// <summary>Bytes in which it is stored, the lowest first.</summary>
    public const int Bytes = 8;

    private static readonly byte[] NoContent = new byte[32];

    public static ulong Of(IEnumerable<TreeEntry> entries)
    {
        using var digest = new TreeDigest();
        foreach (var entry in entries)
            digest.Add(entry, entry.Kind == TreeEntryKind.File ? NoContent : default(ReadOnlySpan<byte>));
        return ContentCheck.Of(digest.Finish());
    }
}
