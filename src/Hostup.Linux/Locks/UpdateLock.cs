using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.Locks;

/// <summary>Only one update process at a time. The lock is bound to the process: it is gone when the process is.</summary>
public sealed class UpdateLock : IDisposable
{
    // O_RDWR | O_CREAT | O_CLOEXEC
    private const int OpenFlags = 2 | 0x40 | 0x80000;
    private readonly SafeFileHandle _file;

    private UpdateLock(SafeFileHandle file) => _file = file;

    /// <summary>Takes it.</summary>
    /// <exception cref="HostupException"><c>update-running</c>, saying who holds it.</exception>
    public static UpdateLock Take(string path = "/run/hostup/update.lock")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        // Not by FileStream, which takes a lock of its own.
        int fd = FileCalls.Open(path, OpenFlags, 0x1A4 /* 0644 */);
        if (fd < 0)
            throw FileCalls.LastError($"cannot open {path}");
        var file = new SafeFileHandle(fd, ownsHandle: true);
        if (FileCalls.Flock(fd, FileCalls.LockExclusive | FileCalls.LockNonBlocking) != 0)
        {
            byte[] line = new byte[200];
            string holder = Encoding.UTF8.GetString(line, 0, RandomAccess.Read(file, line, 0)).Trim();
            file.Dispose();
            throw new HostupException(HostupErrors.UpdateRunning, "cannot start the update", $"another update is running ({(holder.Length > 0 ? holder : "its process has just started")})", "wait for its end: `hostup-device status`");
        }
        RandomAccess.SetLength(file, 0);
        RandomAccess.Write(file, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} since {DateTimeOffset.UtcNow:O}\n")), 0);
        return new UpdateLock(file);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
