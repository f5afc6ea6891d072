using System.Runtime.InteropServices;
using Hostup.Linux.Native;

namespace Hostup.Linux.Files;

/// <summary>Calls of the C library that .NET has no method for.</summary>
internal static partial class FileCalls
{
    public const int CurrentDirectory = -100; // AT_FDCWD
    public const uint Exchange = 2; // RENAME_EXCHANGE
    public const ulong MountReadOnly = 1; // MS_RDONLY
    public const ulong MountNoAccessTimes = 1024; // MS_NOATIME
    public const ulong MountRemount = 32; // MS_REMOUNT
    public const ulong MountBind = 4096; // MS_BIND
    public const ulong MountRecursive = 16384; // MS_REC
    public const int UnmountDetach = 2; // MNT_DETACH
    public const ulong FlushBlockBuffers = 0x1261; // BLKFLSBUF, linux/fs.h
    public const int LockShared = 1;
    public const int LockExclusive = 2;
    public const int LockNonBlocking = 4;
    public const int LockRelease = 8;

    public static readonly int ReadOnlyDirectory = OpenFlags.ReadOnly | OpenFlags.Directory | OpenFlags.CloseOnExec;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    public static partial int Fsync(int fd);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int Syncfs(int fd);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Renameat2(int fromDirectory, string from, int toDirectory, string to, uint flags);

    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Mount(string source, string target, string? type, ulong flags, string? options);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    public static partial int Ioctl(int fd, ulong request, nint argument);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    public static partial int Flock(int fd, int operation);

    /// <summary>The reason of the last failed call, with what it was about.</summary>
    public static IOException LastError(string what) => new($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
}
