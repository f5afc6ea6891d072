using Hostup.Oci.Registries;

namespace Hostup.Oci.Tests.Registries;

public sealed class RateLimitTests
{
    private readonly LeapingTime _time = new();
    private long _rate = 10_000;

    [Fact]
    public async Task A_rate_is_kept_by_all_that_share_it_and_a_pause_is_no_credit_beyond_a_second()
    {
        var limit = new RateLimit(_time, () => _rate);
        await ReadAsync(limit, 100_000);
        Assert.InRange(_time.Elapsed.TotalSeconds, 9.5, 10.5);

        _time.Leap(TimeSpan.FromHours(1));
        var after = _time.Elapsed;
        await Task.WhenAll(ReadAsync(limit, 50_000), ReadAsync(limit, 50_000));

        Assert.InRange((_time.Elapsed - after).TotalSeconds, 8.5, 9.5);
    }

    [Fact]
    public async Task A_rate_that_changes_meanwhile_counts()
    {
        var limit = new RateLimit(_time, () => _rate);
        await ReadAsync(limit, 50_000);

        _rate = 1000;
        _time.Leap(TimeSpan.FromSeconds(1));
        var before = _time.Elapsed;
        await ReadAsync(limit, 10_000);
        Assert.InRange((_time.Elapsed - before).TotalSeconds, 8, 11);

        _rate = 0;
        _time.Leap(TimeSpan.FromSeconds(1));
        before = _time.Elapsed;
        await ReadAsync(limit, 10_000_000);
        Assert.InRange(_time.Elapsed - before, TimeSpan.Zero, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task No_read_is_so_large_that_the_pause_after_it_looks_like_a_dead_link()
    {
        var limit = new RateLimit(_time, () => 1024);

        Assert.InRange(await limit.WaitAsync(1 << 20, default), 1, 1024);
    }

    private static async Task ReadAsync(RateLimit limit, int bytes)
    {
        while (bytes > 0)
        {
            int read = await limit.WaitAsync(bytes, default);
            limit.Take(read);
            bytes -= read;
        }
        await limit.WaitAsync(1, default);
    }

    /// <summary>Whoever waits makes the time pass.</summary>
    private sealed class LeapingTime : TimeProvider
    {
        private long _ticks = 1;

        public TimeSpan Elapsed => new(_ticks);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Leap(TimeSpan time) => _ticks += time.Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Leap(dueTime);
            callback(state);
            return new Spent();
        }

        private sealed class Spent : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => default;
        }
    }
}
