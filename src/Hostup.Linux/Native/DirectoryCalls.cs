using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>Listing a directory by its handle.</summary>
internal static unsafe partial class DirectoryCalls
{
    private const string C = "libc";

    /// <summary>struct dirent64: inode 8, offset 8, record length 2, type 1, name.</summary>
    private const int NameOffset = 19;

    [LibraryImport(C, EntryPoint = "fdopendir", SetLastError = true)]
    private static partial nint OpenStream(int directory);

    [LibraryImport(C, EntryPoint = "readdir64", SetLastError = true)]
    private static partial byte* ReadStream(nint stream);

    [LibraryImport(C, EntryPoint = "closedir", SetLastError = true)]
    private static partial int CloseStream(nint stream);

    [LibraryImport(C, EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(int file, int command, int argument);

    private const int DuplicateCloseOnExec = 1030;

    /// <summary>Names in a directory, each with a NUL byte at its end, in no order, without "." and "..".</summary>
    /// <param name="directory">Open handle whose position is at the beginning; stays open.</param>
    /// <param name="names">The names.</param>
    /// <returns>Zero, or an error number.</returns>
    public static int List(int directory, List<byte[]> names)
    {
        int copy = Control(directory, DuplicateCloseOnExec, 0);
        if (copy < 0)
            return Errno.Last;
        nint stream = OpenStream(copy);
        if (stream == 0)
        {
            int errno = Errno.Last;
            _ = FileCalls.Close(copy);
            return errno;
        }
        byte* record;
        while ((record = ReadStream(stream)) is not null)
        {
            var name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(record + NameOffset);
            if (name is [(byte)'.'] or [(byte)'.', (byte)'.'])
                continue;
            names.Add(new ReadOnlySpan<byte>(record + NameOffset, name.Length + 1).ToArray());
        }
        // readdir reports its end and its errors alike; SetLastError clears errno before the call.
        int result = Errno.Last;
        _ = CloseStream(stream);
        return result;
    }
}
