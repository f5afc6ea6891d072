namespace Hostup.Updates.Ports;

/// <summary>Time on the device.</summary>
public interface ISystemClock
{
    /// <summary>Now; before synchronisation it may be years off.</summary>
    DateTimeOffset Now { get; }

    /// <summary>Whether somebody has set the clock in this boot, so that <see cref="Now"/> can be believed.</summary>
    bool IsSynchronised { get; }

    /// <summary>Time since some moment of this process's life; no synchronisation moves it.</summary>
    TimeSpan Elapsed { get; }

    /// <summary>Time since the machine began to boot; no synchronisation moves it.</summary>
    TimeSpan SinceBoot { get; }

    /// <summary>Waits.</summary>
    ValueTask DelayAsync(TimeSpan time, CancellationToken ct);

    /// <summary>Waits for something that is under way, at most for so long. It throws nothing that the task does.</summary>
    /// <returns>Whether it has ended.</returns>
    async ValueTask<bool> HasEndedAsync(Task task, TimeSpan within)
    {
        using var over = new CancellationTokenSource(within);
        await task.WaitAsync(over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return task.IsCompleted;
    }
}
