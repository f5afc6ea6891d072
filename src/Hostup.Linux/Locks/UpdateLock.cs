using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Linux.Files;

namespace Hostup.Linux.Locks;

/// <summary>Only one update process at a time. The lock is bound to the process: it is gone when the process is.</summary>
public sealed class UpdateLock : IDisposable
{
    private readonly FileStream _file;

    private UpdateLock(FileStream file) => _file = file;

    /// <summary>Takes it.</summary>
    /// <exception cref="HostupException"><c>update-running</c>, saying who holds it.</exception>
    public static UpdateLock Take(string path = "/run/hostup/update.lock")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (FileCalls.Flock((int)file.SafeFileHandle.DangerousGetHandle(), FileCalls.LockExclusive | FileCalls.LockNonBlocking) != 0)
        {
            using var reader = new StreamReader(file);
            string holder = reader.ReadToEnd().Trim();
            throw new HostupException(HostupErrors.UpdateRunning, "cannot start the update", $"another update is running ({(holder.Length > 0 ? holder : "its process has just started")})", "wait for its end: `hostup-device status`");
        }
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} since {DateTimeOffset.UtcNow:O}\n")));
        file.Flush();
        return new UpdateLock(file);
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
