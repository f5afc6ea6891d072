using System.Runtime.InteropServices;

namespace Hostup.Server.Blobs;

/// <summary>Makes the names in a directory durable; .NET opens no directories, so the C library is asked.</summary>
internal static partial class DirectoryFlush
{
    private const int ReadOnlyDirectory = 0x10000; // O_RDONLY | O_DIRECTORY on Linux x64; arm64 has 0x4000
    private const int ReadOnlyDirectoryArm64 = 0x4000;

    public static void Flush(string directory)
    {
        if (!OperatingSystem.IsLinux())
            return;
        int flags = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm ? ReadOnlyDirectoryArm64 : ReadOnlyDirectory;
        int handle = Open(directory, flags);
        if (handle < 0 || FSync(handle) != 0)
            throw new IOException($"cannot flush directory {directory}: error {Marshal.GetLastPInvokeError()}");
        _ = Close(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);
}
