using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>Time that passes only in pauses.</summary>
public sealed class SkippingClock : ISystemClock
{
    public DateTimeOffset Now => DateTimeOffset.UnixEpoch + Elapsed;

    public bool IsSynchronised => true;

    public TimeSpan Elapsed { get; private set; }

    public TimeSpan SinceBoot => Elapsed;

    public ValueTask DelayAsync(TimeSpan time, CancellationToken ct)
    {
        Pass(time);
        return default;
    }

    /// <summary>Time passes.</summary>
    public void Pass(TimeSpan time) => Elapsed += time;
}
