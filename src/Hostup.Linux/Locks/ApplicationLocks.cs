using Hostup.Linux.Files;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Locks;

/// <summary>Update locks of applications: an exclusive flock on <c>updates.lock</c> in a service's folder, as upstream's safe_reboot honours them.</summary>
public sealed class ApplicationLocks(string folder = "/tmp/balena-supervisor/services") : IUpdateLocks, IDisposable
{
    private readonly List<int> _held = [];

    /// <inheritdoc/>
    public string? TryTake()
    {
        Release();
        if (!Directory.Exists(folder))
            return null;
        foreach (string path in Directory.EnumerateFiles(folder, "*updates.lock", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            int fd = FileCalls.Open(path, 0, 0);
            if (fd < 0)
                continue; // removed meanwhile
            if (FileCalls.Flock(fd, FileCalls.LockExclusive | FileCalls.LockNonBlocking) != 0)
            {
                _ = FileCalls.Close(fd);
                Release();
                return path;
            }
            _held.Add(fd);
        }
        return null;
    }

    /// <inheritdoc/>
    public void Release()
    {
        foreach (int fd in _held)
            _ = FileCalls.Close(fd);
        _held.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Release();
}
