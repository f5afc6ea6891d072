using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>Removes what layers replace or hide, without following links.</summary>
internal static class EntryRemoval
{
    /// <summary>Removes an entry with all below it; one that is not there is no error.</summary>
    /// <param name="directory">Handle of its directory.</param>
    /// <param name="name">Name with a NUL byte.</param>
    /// <returns>Zero or an error number.</returns>
    public static int Remove(int directory, byte[] name)
    {
        if (EntryCalls.Remove(directory, name, 0) == 0 || Errno.Last == Errno.NoEntry)
            return 0;
        if (Errno.Last is not (Errno.IsDirectory or Errno.NotPermitted))
            return Errno.Last;
        int handle = FileCalls.OpenAt(directory, name, OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0);
        if (handle < 0)
            return Errno.Last;
        int errno = RemoveChildren(handle);
        _ = FileCalls.Close(handle);
        if (errno == 0 && EntryCalls.Remove(directory, name, EntryCalls.RemoveDirectory) != 0)
            errno = Errno.Last;
        return errno;
    }

    /// <summary>Empties an open directory.</summary>
    /// <returns>Zero or an error number.</returns>
    public static int RemoveChildren(int directory)
    {
        var names = new List<byte[]>();
        int errno = DirectoryCalls.List(directory, names);
        for (int i = 0; i < names.Count && errno == 0; i++)
            errno = Remove(directory, names[i]);
        return errno;
    }
}
