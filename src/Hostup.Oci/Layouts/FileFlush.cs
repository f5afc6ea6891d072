using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Oci.Layouts;

/// <summary>
/// Brings a written file onto its medium and says when that fails. What .NET itself offers (<c>FileStream.Flush(true)</c>, <c>RandomAccess.FlushToDisk</c>) drops every error of
/// <c>fsync</c> on Linux, EIO and ENOSPC as well: seen with .NET 10.0.12 and injected errors.
/// </summary>
public static partial class FileFlush
{
    private const int Interrupted = 4; // EINTR
    private const int ReadOnly = 0; // O_RDONLY
    private const int CloseOnExec = 0x80000; // O_CLOEXEC

    /// <summary>Durable when it returns.</summary>
    /// <exception cref="IOException">The medium did not take all of it.</exception>
    public static void ToDisk(FileStream file)
    {
        file.Flush();
        ToDisk(file.SafeFileHandle, file.Name);
    }

    /// <summary>The same.</summary>
    /// <param name="file">Open file, directory or block device.</param>
    /// <param name="name">What an error calls it.</param>
    /// <exception cref="IOException">The medium did not take all of it.</exception>
    public static void ToDisk(SafeFileHandle file, string name)
    {
        while (Synchronize(file) != 0)
            if (Marshal.GetLastPInvokeError() != Interrupted)
                throw new IOException($"cannot flush {name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>Makes the names in a directory durable; .NET opens no directories, so the C library is asked.</summary>
    /// <exception cref="IOException">It cannot be opened, or the medium did not take all of it.</exception>
    public static void Directory(string directory)
    {
        using var handle = new SafeFileHandle(Open(directory, ReadOnly | CloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
            throw new IOException($"cannot open directory {directory}: {Marshal.GetLastPInvokeErrorMessage()}");
        ToDisk(handle, directory);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Synchronize(SafeFileHandle file);
}
