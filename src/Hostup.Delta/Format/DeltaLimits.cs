namespace Hostup.Delta.Format;

/// <summary>What a reader takes at most, so that its memory is bounded whatever a delta says.</summary>
internal static class DeltaLimits
{
    /// <summary>Header with its table of frames; 48 bytes a frame.</summary>
    public const int HeaderBytes = 1 << 20;

    /// <summary>A frame as it is stored; it is held in memory and checked before any byte of it is used.</summary>
    public const int FrameBytes = 16 << 20;

    /// <summary>Each stream of a frame that is unpacked as a whole.</summary>
    public const int ColumnBytes = 8 << 20;

    /// <summary>Names in the new tree.</summary>
    public const int Entries = 2_000_000;

    /// <summary>A path of Linux (PATH_MAX).</summary>
    public const int PathBytes = 4096;

    /// <summary>Value of an extended attribute (XATTR_SIZE_MAX).</summary>
    public const int AttributeBytes = 64 << 10;

    /// <summary>Extended attributes of one file; ext4 has 4 KiB for all of them unless ea_inode is on.</summary>
    public const int Attributes = 64;

    /// <summary>Size of one file.</summary>
    public const long FileBytes = 1L << 46;

    /// <summary>Files that one patch may use; a first root has some hundred files of the new root. Each is open as long as the patch is read.</summary>
    public const int Sources = 900;

    /// <summary>Pieces of one patch; 16 bytes each are held: 4 MiB, twice that while references are predicted.</summary>
    public const int Pieces = 1 << 18;
}
