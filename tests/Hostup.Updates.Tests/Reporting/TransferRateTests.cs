using Hostup.Updates.Reporting;

namespace Hostup.Updates.Tests.Reporting;

public sealed class TransferRateTests
{
    private TimeSpan _now;

    [Fact]
    public void A_steady_transfer_has_its_rate_after_two_seconds()
    {
        var rate = new TransferRate(() => _now);

        Assert.Equal([0, 0, 1000, 1000], Enumerable.Range(0, 4).Select(second => At(rate, second, second * 1000)));
    }

    [Fact]
    public void A_link_that_slows_down_shows_within_half_a_minute()
    {
        var rate = new TransferRate(() => _now);
        for (int second = 0; second <= 60; second++)
            At(rate, second, second * 1000);

        long after = Enumerable.Range(61, 31).Select(second => At(rate, second, 60_000 + ((second - 60) * 10))).Last();

        Assert.Equal(10, after);
    }

    [Fact]
    public void Another_state_or_a_new_beginning_forgets_the_old_rate()
    {
        var rate = new TransferRate(() => _now);
        At(rate, 0, 0);
        At(rate, 10, 10_000);

        Assert.Equal(0, At(rate, 11, 11_000, "verifying"));
        Assert.Equal(500, At(rate, 13, 12_000, "verifying"));
        Assert.Equal(0, At(rate, 14, 0, "verifying"));
    }

    [Fact]
    public void Many_reports_a_second_cost_no_memory_and_change_no_figure()
    {
        var rate = new TransferRate(() => _now);
        for (int i = 0; i <= 20_000; i++)
            At(rate, i / 1000.0, i);

        Assert.Equal(1000, At(rate, 20, 20_000));
    }

    private long At(TransferRate rate, double second, long done, string state = "downloading")
    {
        _now = TimeSpan.FromSeconds(second);
        return rate.Take(state, done);
    }
}
