using Hostup.Linux.Native;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Power;

/// <summary>The machine's clock.</summary>
public sealed class LinuxClock : ISystemClock
{
    private readonly long _began = TimeProvider.System.GetTimestamp();

    /// <inheritdoc/>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <inheritdoc/>
    public bool IsSynchronised => ClockCalls.IsSynchronised();

    /// <inheritdoc/>
    public TimeSpan Elapsed => TimeProvider.System.GetElapsedTime(_began);

    /// <inheritdoc/>
    public TimeSpan SinceBoot => TimeSpan.FromMilliseconds(Environment.TickCount64);

    /// <inheritdoc/>
    public ValueTask DelayAsync(TimeSpan time, CancellationToken ct) => new(Task.Delay(time, ct));
}
