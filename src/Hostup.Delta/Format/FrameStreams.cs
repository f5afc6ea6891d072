namespace Hostup.Delta.Format;

/// <summary>The streams of a frame of contents.</summary>
internal enum FrameStreams
{
    /// <summary>Range, hash of the output, and what each file is made of.</summary>
    Makings,

    /// <summary>Lengths of old bytes, a piece each.</summary>
    Alike,

    /// <summary>Lengths of new bytes, a piece each.</summary>
    Fresh,

    /// <summary>Where old bytes begin, as the distance from where the last ones ended.</summary>
    Jumps,

    /// <summary>Differences, added to the old bytes.</summary>
    Differences,

    /// <summary>The new bytes.</summary>
    FreshBytes,

    Count,
}

/// <summary>How the content of a file is made.</summary>
internal enum Making
{
    /// <summary>Pieces over sources.</summary>
    Patch = 0,

    /// <summary>All of another old file.</summary>
    Copy = 1,

    /// <summary>Pieces that give it unpacked; it is packed again.</summary>
    Repack = 2,
}
