using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>Opening, reading, writing and flushing. Names end with a NUL byte.</summary>
internal static partial class FileCalls
{
    private const string C = "libc";

    public const int FadviseSequential = 2;
    public const int FadviseWillNeed = 3;
    public const int FadviseDontNeed = 4;

    [LibraryImport(C, EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int directory, ReadOnlySpan<byte> name, int flags, uint mode);

    [LibraryImport(C, EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int file);

    [LibraryImport(C, EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int file, Span<byte> buffer, nuint count);

    [LibraryImport(C, EntryPoint = "pwrite64", SetLastError = true)]
    public static partial nint WriteAt(int file, ReadOnlySpan<byte> buffer, nuint count, long offset);

    [LibraryImport(C, EntryPoint = "ftruncate64", SetLastError = true)]
    public static partial int Truncate(int file, long length);

    /// <summary>Advice only: the result does not matter.</summary>
    [LibraryImport(C, EntryPoint = "posix_fadvise64")]
    public static partial int Advise(int file, long offset, long length, int advice);

    [LibraryImport(C, EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFileSystem(int file);
}
