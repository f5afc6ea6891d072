using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>Making, removing and describing directory entries. Names end with a NUL byte; nothing here follows a link in the last component.</summary>
internal static partial class EntryCalls
{
    private const string C = "libc";

    /// <summary>"." as a directory handle: only for paths of our own.</summary>
    public const int CurrentDirectory = -100;
    public const int SymlinkNoFollow = 0x100;
    public const int RemoveDirectory = 0x200;
    public const int EmptyPath = 0x1000;

    public const uint TypeMask = 0xF000;
    public const uint TypeSocket = 0xC000;
    public const uint TypeLink = 0xA000;
    public const uint TypeFile = 0x8000;
    public const uint TypeBlock = 0x6000;
    public const uint TypeDirectory = 0x4000;
    public const uint TypeCharacter = 0x2000;
    public const uint TypeFifo = 0x1000;

    [LibraryImport(C, EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectory(int directory, ReadOnlySpan<byte> name, uint mode);

    [LibraryImport(C, EntryPoint = "mknodat", SetLastError = true)]
    public static partial int MakeNode(int directory, ReadOnlySpan<byte> name, uint mode, ulong device);

    [LibraryImport(C, EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeLink(ReadOnlySpan<byte> target, int directory, ReadOnlySpan<byte> name);

    [LibraryImport(C, EntryPoint = "linkat", SetLastError = true)]
    public static partial int AddName(int oldDirectory, ReadOnlySpan<byte> oldName, int newDirectory, ReadOnlySpan<byte> newName, int flags);

    [LibraryImport(C, EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int Remove(int directory, ReadOnlySpan<byte> name, int flags);

    [LibraryImport(C, EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLink(int directory, ReadOnlySpan<byte> name, Span<byte> target, nuint size);

    [LibraryImport(C, EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwner(int directory, ReadOnlySpan<byte> name, uint user, uint group, int flags);

    [LibraryImport(C, EntryPoint = "fchown", SetLastError = true)]
    public static partial int ChangeOwner(int file, uint user, uint group);

    /// <summary>Follows links: only for an entry that was just made and is none.</summary>
    [LibraryImport(C, EntryPoint = "fchmodat", SetLastError = true)]
    public static partial int ChangeMode(int directory, ReadOnlySpan<byte> name, uint mode, int flags);

    [LibraryImport(C, EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(int file, uint mode);

    [LibraryImport(C, EntryPoint = "utimensat", SetLastError = true)]
    public static partial int SetTimes(int directory, ReadOnlySpan<byte> name, ReadOnlySpan<TimeSpec> accessAndModified, int flags);

    [LibraryImport(C, EntryPoint = "futimens", SetLastError = true)]
    public static partial int SetTimes(int file, ReadOnlySpan<TimeSpec> accessAndModified);

    /// <summary>struct statx has one layout on every processor; libc falls back to fstatat on kernels before 4.11.</summary>
    [LibraryImport(C, EntryPoint = "statx", SetLastError = true)]
    public static partial int Describe(int directory, ReadOnlySpan<byte> name, int flags, uint mask, out EntryStatus status);

    /// <summary>dev_t as glibc makes it (sys/sysmacros.h).</summary>
    public static ulong Device(uint major, uint minor) =>
        ((ulong)(major & 0xFFFFF000) << 32) | ((ulong)(major & 0xFFF) << 8) | ((ulong)(minor & 0xFFFFFF00) << 12) | (minor & 0xFF);
}

/// <summary>struct timespec: both fields are as wide as a pointer.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct TimeSpec(long seconds)
{
    private readonly nint _seconds = checked((nint)seconds);
    private readonly nint _nanoseconds = 0;

    public long Seconds => _seconds;

    public long Nanoseconds => _nanoseconds;
}

/// <summary>struct statx (linux/stat.h), 256 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct EntryStatus
{
    public const uint BasicMask = 0x7FF;

    [FieldOffset(0x10)] public uint Links;
    [FieldOffset(0x14)] public uint UserId;
    [FieldOffset(0x18)] public uint GroupId;
    [FieldOffset(0x1C)] public ushort Mode;
    [FieldOffset(0x20)] public ulong Inode;
    [FieldOffset(0x28)] public long Size;
    [FieldOffset(0x70)] public long ModifiedSeconds;
    [FieldOffset(0x80)] public uint NodeMajor;
    [FieldOffset(0x84)] public uint NodeMinor;
    [FieldOffset(0x88)] public uint DeviceMajor;
    [FieldOffset(0x8C)] public uint DeviceMinor;
}
