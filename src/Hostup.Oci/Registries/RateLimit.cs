namespace Hostup.Oci.Registries;

/// <summary>
/// Holds receiving back to a rate, for all connections that share it together. What was not used is forgotten after a second: a pause is no
/// credit. Thread-safe.
/// </summary>
/// <param name="time">Its clock.</param>
/// <param name="bytesPerSecond">Most bytes received a second, on average; zero: as many as come. Asked anew each second: it may change meanwhile.</param>
public sealed class RateLimit(TimeProvider time, Func<long> bytesPerSecond)
{
    private static readonly TimeSpan Credit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

    /// <summary>One read is no more than this part of a second's bytes, or a link that is held back looks like one that is dead.</summary>
    private const int ReadsPerSecond = 4;
    private const int LeastRead = 1024;

    private readonly Lock _lock = new();
    private long _rate;
    private double _credit;
    private long _at;
    private long _askedAt;

    /// <summary>The rate as it is now; zero: none.</summary>
    public long BytesPerSecond
    {
        get
        {
            long now = time.GetTimestamp(), asked = Interlocked.Read(ref _askedAt);
            if ((asked == 0 || time.GetElapsedTime(asked, now) >= Credit) && Interlocked.CompareExchange(ref _askedAt, now, asked) == asked)
                Interlocked.Exchange(ref _rate, bytesPerSecond());
            return Interlocked.Read(ref _rate);
        }
    }

    /// <summary>Waits until something may be received.</summary>
    /// <param name="wanted">Bytes that the reader has room for.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>How many it should read at most.</returns>
    public async ValueTask<int> WaitAsync(int wanted, CancellationToken ct)
    {
        while (Due() is { Ticks: > 0 } due)
            await Task.Delay(due > Credit ? Credit : due < Shortest ? Shortest : due, time, ct).ConfigureAwait(false);
        return BytesPerSecond is > 0 and var rate ? (int)Math.Min(wanted, Math.Max(LeastRead, rate / ReadsPerSecond)) : wanted;
    }

    /// <summary>So many bytes were received.</summary>
    public void Take(int bytes)
    {
        long rate = BytesPerSecond;
        lock (_lock)
        {
            Refill(rate);
            _credit -= rate > 0 ? bytes : 0;
        }
    }

    private TimeSpan Due()
    {
        long rate = BytesPerSecond;
        lock (_lock)
        {
            Refill(rate);
            return rate > 0 && _credit < 0 ? TimeSpan.FromSeconds(-_credit / rate) : TimeSpan.Zero;
        }
    }

    private void Refill(long rate)
    {
        long now = time.GetTimestamp();
        double seconds = _at == 0 ? 0 : time.GetElapsedTime(_at, now).TotalSeconds;
        _at = now;
        _credit = rate > 0 ? Math.Min(_credit + (seconds * rate), rate * Credit.TotalSeconds) : 0;
    }
}
