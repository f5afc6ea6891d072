using System.Runtime.InteropServices;

namespace Hostup.Linux.Native;

/// <summary>Extended attributes. Names and paths end with a NUL byte; the forms with a path do not follow a link at its end.</summary>
internal static partial class AttributeCalls
{
    private const string C = "libc";

    [LibraryImport(C, EntryPoint = "flistxattr", SetLastError = true)]
    public static partial nint List(int file, Span<byte> names, nuint size);

    [LibraryImport(C, EntryPoint = "llistxattr", SetLastError = true)]
    public static partial nint List(ReadOnlySpan<byte> path, Span<byte> names, nuint size);

    [LibraryImport(C, EntryPoint = "fgetxattr", SetLastError = true)]
    public static partial nint Get(int file, ReadOnlySpan<byte> name, Span<byte> value, nuint size);

    [LibraryImport(C, EntryPoint = "lgetxattr", SetLastError = true)]
    public static partial nint Get(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, Span<byte> value, nuint size);

    [LibraryImport(C, EntryPoint = "fsetxattr", SetLastError = true)]
    public static partial int Set(int file, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport(C, EntryPoint = "lsetxattr", SetLastError = true)]
    public static partial int Set(ReadOnlySpan<byte> path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, nuint size, int flags);

    [LibraryImport(C, EntryPoint = "fremovexattr", SetLastError = true)]
    public static partial int Remove(int file, ReadOnlySpan<byte> name);
}
