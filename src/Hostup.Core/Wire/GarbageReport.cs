namespace Hostup.Core.Wire;

/// <summary>Blobs that nothing refers to: what a collection would delete, or has deleted.</summary>
public sealed record GarbageReport
{
    /// <summary>Blobs that were sent or found in use after this moment stay, whatever refers to them.</summary>
    public required DateTimeOffset UnchangedSince { get; init; }

    /// <summary>How many blobs the server has.</summary>
    public required int Blobs { get; init; }

    /// <summary>Bytes of them.</summary>
    public required long Bytes { get; init; }

    /// <summary>How many of them nothing refers to.</summary>
    public required int GarbageBlobs { get; init; }

    /// <summary>Bytes of those.</summary>
    public required long GarbageBytes { get; init; }

    /// <summary>How many were deleted.</summary>
    public required int DeletedBlobs { get; init; }

    /// <summary>Bytes of those.</summary>
    public required long DeletedBytes { get; init; }

    /// <summary>Those that nothing refers to, largest first, at most 1000.</summary>
    public required IReadOnlyList<GarbageBlob> Garbage { get; init; }

    /// <summary>Documents that are missing or damaged, at most 1000: as long as there is one, nothing is deleted.</summary>
    public required IReadOnlyList<Digest> Unreadable { get; init; }
}

/// <summary>A blob that nothing refers to.</summary>
/// <param name="Digest">Its digest.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="ChangedAt">When it was sent or last found in use.</param>
public sealed record GarbageBlob(Digest Digest, long Bytes, DateTimeOffset ChangedAt);
