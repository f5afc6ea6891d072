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

    /// <summary>What is under way is real; looking at it takes no time.</summary>
    public async ValueTask<bool> HasEndedAsync(Task task, TimeSpan within)
    {
        using var over = new CancellationTokenSource(20);
        await task.WaitAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }

    /// <summary>Time passes.</summary>
    public void Pass(TimeSpan time) => Elapsed += time;
}
