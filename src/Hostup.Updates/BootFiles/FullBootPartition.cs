using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// A boot partition without room, seen when it is written. Bytes are counted before; entries of its root directory cannot be: nothing says how many FAT16 was made with, and those
/// of a long name must lie side by side.
/// </summary>
internal static class FullBootPartition
{
    /// <summary>What to do about it.</summary>
    public const string Remedy = "remove files from the boot partition that are not the OS's";

    /// <summary>Writes to the boot partition, and to nothing else.</summary>
    /// <exception cref="HostupException"><c>boot-space</c>: it, or its root directory, is full.</exception>
    public static void Tell(Action act)
    {
        try
        {
            act();
        }
        catch (NoRoomException e)
        {
            throw new HostupException(HostupErrors.BootSpace, "cannot write the boot files", $"the boot partition or its root directory is full: {e.Message}", Remedy, e);
        }
    }
}
