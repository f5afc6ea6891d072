namespace Hostup.Updates.BootFiles;

/// <summary>What installing a boot-file set asks of the boot partition.</summary>
/// <param name="Changes">Files that are replaced, added or removed.</param>
/// <param name="Bytes">Bytes that must be free: what is staged beside the old files, copies of changed ones, the slot's own files, and a reserve. Zero: nothing is written.</param>
public sealed record BootFilesNeed(int Changes, long Bytes)
{
    /// <summary>What both ask for.</summary>
    public static BootFilesNeed operator +(BootFilesNeed a, BootFilesNeed b) => new(a.Changes + b.Changes, a.Bytes + b.Bytes);
}
