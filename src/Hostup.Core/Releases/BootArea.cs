namespace Hostup.Core.Releases;

/// <summary>
/// A raw area of the device in which its boot loader lies, outside of every file system. An update compares it with the release's file, writes what differs,
/// flushes it and reads it back.
/// </summary>
public sealed record BootArea
{
    /// <summary>Name in <see cref="ReleaseManifest.Requires"/> of a release that has areas: a program that does not know them would leave them out.</summary>
    public const string Feature = "boot-areas";

    /// <summary>The disk that the slots are on; hardware partitions of an eMMC.</summary>
    public static readonly IReadOnlyList<string> Media = ["disk", "boot0", "boot1"];

    /// <summary>Name for people, for example <c>u-boot</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Path of the content in the release's root tree, for example <c>/boot/u-boot.bin</c>.</summary>
    public required string Path { get; init; }

    /// <summary>Bytes.</summary>
    public required long Size { get; init; }

    /// <summary>Digest of the content.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Where it lies, in the order in which the board tries the copies.</summary>
    public required IReadOnlyList<BootAreaCopy> Copies { get; init; }

    /// <summary>The OS builder accepts that a power cut while the only copy is written leaves a device that does not start.</summary>
    public bool SingleCopy { get; init; }
}

/// <summary>One copy of a raw area.</summary>
/// <param name="Medium">One of <see cref="BootArea.Media"/>.</param>
/// <param name="OffsetBytes">Where it begins, a multiple of 512.</param>
public sealed record BootAreaCopy(string Medium, long OffsetBytes)
{
    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Medium}:{OffsetBytes}");
}
