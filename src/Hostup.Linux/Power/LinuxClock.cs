using Hostup.Linux.Native;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>The machine's clock.</summary>
public sealed class LinuxClock : ISystemClock
{
    /// <inheritdoc/>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <inheritdoc/>
    public bool IsSynchronised => ClockCalls.IsSynchronised();

    /// <inheritdoc/>
    public ValueTask DelayAsync(TimeSpan time, CancellationToken ct) => new(Task.Delay(time, ct));
}
