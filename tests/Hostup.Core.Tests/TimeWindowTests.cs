using Hostup.Core.Errors;

namespace Hostup.Core.Tests;

public sealed class TimeWindowTests
{
    [Theory]
    [InlineData("22:00-04:00", "21:59", false)]
    [InlineData("22:00-04:00", "22:00", true)]
    [InlineData("22:00-04:00", "00:00", true)]
    [InlineData("22:00-04:00", "03:59", true)]
    [InlineData("22:00-04:00", "04:00", false)]
    [InlineData("09:00-17:30 UTC", "12:00", true)]
    [InlineData("09:00-17:30 UTC", "17:30", false)]
    [InlineData("09:00-17:30 +02:00", "07:00", true)]
    [InlineData("09:00-17:30 -05:30", "07:00", false)]
    [InlineData("09:00-17:30 -05:30", "14:30", true)]
    public void A_window_is_open_from_its_first_minute_to_before_its_last(string window, string utc, bool open) =>
        Assert.Equal(open, TimeWindow.Parse(window).Contains(DateTimeOffset.Parse($"2026-01-15T{utc}:00Z", System.Globalization.CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData("2026-01-15T21:30:00Z", true)]
    [InlineData("2026-07-15T21:30:00Z", true)]
    [InlineData("2026-01-15T20:30:00Z", false)]
    [InlineData("2026-07-15T20:30:00Z", true)]
    [InlineData("2026-01-15T02:30:00Z", true)]
    [InlineData("2026-07-15T02:30:00Z", false)]
    public void A_named_zone_keeps_its_summer_time(string utc, bool open) =>
        Assert.Equal(open, TimeWindow.Parse("22:00-04:00 Europe/Berlin").Contains(DateTimeOffset.Parse(utc, System.Globalization.CultureInfo.InvariantCulture)));

    [Fact]
    public void How_long_until_it_opens_is_right_over_midnight_and_over_the_change_to_summer_time()
    {
        Assert.Equal(TimeSpan.Zero, TimeWindow.Parse("22:00-04:00").UntilOpen(new DateTimeOffset(2026, 1, 1, 23, 0, 0, TimeSpan.Zero)));
        Assert.Equal(TimeSpan.FromHours(18), TimeWindow.Parse("22:00-04:00").UntilOpen(new DateTimeOffset(2026, 1, 1, 4, 0, 0, TimeSpan.Zero)));
        // the clock goes from 02:00 to 03:00 on 29 March at 01:00 UTC
        Assert.Equal(TimeSpan.FromHours(4), TimeWindow.Parse("03:00-04:00 Europe/Berlin").UntilOpen(new DateTimeOffset(2026, 3, 28, 21, 0, 0, TimeSpan.Zero)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("at night")]
    [InlineData("22:00")]
    [InlineData("22:00-")]
    [InlineData("22:00-25:00")]
    [InlineData("04:00-04:00")]
    [InlineData("22:00-04:00 Mars/Olympus")]
    [InlineData("22:00-04:00 +99:00")]
    [InlineData("22:00-04:00 UTC UTC")]
    public void What_is_no_window_is_refused(string text) =>
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(() => TimeWindow.Parse(text)).Code);
}
