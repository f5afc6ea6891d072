using Hostup.Linux.Native;
using Hostup.Updates.Files;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Files;

/// <summary>
/// .NET's file calls with the errors that the ports promise. Of EACCES and EPERM, a block device that is read-only or a directory in the place of a file, .NET makes an
/// <see cref="UnauthorizedAccessException"/>, which is no <see cref="IOException"/>: a step that meets one would end as a bug. ENOSPC it tells by the number alone.
/// </summary>
internal static class PortErrors
{
    /// <summary>Opens a file or block device.</summary>
    /// <exception cref="IOException">It cannot.</exception>
    public static SafeFileHandle Open(string path, FileMode mode = FileMode.Open, FileAccess access = FileAccess.Read, FileShare share = FileShare.Read, FileOptions options = FileOptions.None) =>
        Of(() => File.OpenHandle(path, mode, access, share, options));

    /// <summary>Writes to what was opened.</summary>
    /// <exception cref="IOException">It does not take all of it.</exception>
    public static void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (Exception e) when (IsOtherwisePromised(e))
        {
            throw Promised(e);
        }
    }

    /// <summary>Any other call.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static T Of<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception e) when (IsOtherwisePromised(e))
        {
            throw Promised(e);
        }
    }

    /// <summary>The same.</summary>
    /// <exception cref="IOException">It failed.</exception>
    public static void Of(Action call) => Of(() =>
    {
        call();
        return true;
    });

    private static bool IsOtherwisePromised(Exception e) => e is UnauthorizedAccessException or IOException { HResult: Errno.NoSpace };

    private static IOException Promised(Exception e) => e is UnauthorizedAccessException ? new IOException(e.Message, e) : new NoRoomException(e.Message, e);
}
