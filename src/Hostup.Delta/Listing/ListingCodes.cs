using Hostup.Core.RootTrees;

namespace Hostup.Delta.Listing;

/// <summary>What the code of an entry says; docs/delta-format.md. Zero stands for a run of entries that follow in the old tree and are unchanged.</summary>
[Flags]
internal enum ListingCodes : byte
{
    Run = 0,
    Like = 1,
    Jump = 2,
    Path = 4,
    Owner = 8,
    Time = 16,
    What = 32,
    Attributes = 64,
    Framed = 128,
}

/// <summary>The streams of the first frame.</summary>
internal enum ListingStreams
{
    Codes,
    Numbers,
    Names,
    Owners,
    Times,
    Whats,
    Attributes,
    Late,
    Count,
}

/// <summary>What two sides of a listing must see alike.</summary>
internal static class ListingEquality
{
    public static bool SameOwner(TreeEntry a, TreeEntry b) => a.Mode == b.Mode && a.UserId == b.UserId && a.GroupId == b.GroupId;

    /// <summary>Size, target or device number; of a hard link only the path of its target.</summary>
    public static bool SameWhat(TreeEntry a, TreeEntry b) => a.Size == b.Size && a.SymbolicTarget.Span.SequenceEqual(b.SymbolicTarget.Span)
        && a.LinkTarget == b.LinkTarget && a.DeviceMajor == b.DeviceMajor && a.DeviceMinor == b.DeviceMinor;

    public static bool SameAttributes(TreeEntry a, TreeEntry b) => a.ExtendedAttributes.Count == b.ExtendedAttributes.Count
        && a.ExtendedAttributes.All(x => b.ExtendedAttributes.Any(y => x.Name == y.Name && x.Value.Span.SequenceEqual(y.Value.Span)));
}
