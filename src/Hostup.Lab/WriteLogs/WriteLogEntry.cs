namespace Hostup.Lab.WriteLogs;

/// <summary>What is special about a logged write; the numbers are those of the format.</summary>
[Flags]
public enum WriteLogFlags
{
    /// <summary>A plain write.</summary>
    None = 0,

    /// <summary>Everything before it is on the disk.</summary>
    Flush = 1,

    /// <summary>It was on the disk itself when it ended (FUA).</summary>
    WriteThrough = 2,

    /// <summary>The range may read as zeros; no content follows.</summary>
    Discard = 4,
}

/// <summary>One logged request.</summary>
/// <param name="DiskOffset">First byte on the disk.</param>
/// <param name="Bytes">Length on the disk; 0 for a bare flush.</param>
/// <param name="Flags">What is special about it.</param>
/// <param name="LogOffset">Where its content begins in the log.</param>
public sealed record WriteLogEntry(long DiskOffset, long Bytes, WriteLogFlags Flags, long LogOffset)
{
    /// <summary>Bytes of content in the log.</summary>
    public long LoggedBytes => Flags.HasFlag(WriteLogFlags.Discard) ? 0 : Bytes;
}
