using Hostup.Updates.Ports;

namespace Hostup.Linux.Locks;

/// <summary>The update process of this device, by its lock.</summary>
public sealed class UpdateProcesses : IUpdateProcesses
{
    /// <inheritdoc/>
    public string? Other => UpdateLock.Holder();

    /// <inheritdoc/>
    public IDisposable Exclude() => UpdateLock.Take(forAMoment: true);
}
