using Hostup.Core.Errors;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Agent;

public sealed class ServerPaceTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private readonly SkippingClock _clock = new();

    [Fact]
    public void Pauses_grow_up_to_the_interval_of_the_polls_each_spread_from_half_to_one_and_a_half()
    {
        var pauses = Pauses("a", Hour, failures: 12);

        double[] least = [10, 20, 40, 80, 160, 320, 640, 1280, 1800, 1800, 1800, 1800];
        Assert.All(pauses.Zip(least), p => Assert.InRange(p.First, p.Second, p.Second * 3));
        Assert.True(pauses.Distinct().Count() > 10, string.Join(' ', pauses));
    }

    [Theory]
    [InlineData(null, 450, 1350)] // the server has not said anything yet
    [InlineData(5, 10, 30)] // who is polled each few seconds is on no expensive link
    [InlineData(86_400, 43_200, 129_600)]
    public void The_longest_pause_is_the_interval_on_average(int? interval, double least, double most)
    {
        var pauses = Pauses("a", interval is { } seconds ? TimeSpan.FromSeconds(seconds) : null, failures: 40);

        Assert.All(pauses.Skip(20), p => Assert.InRange(p, least, most));
    }

    [Fact]
    public void Devices_that_lost_one_server_come_back_one_by_one()
    {
        var (one, other) = (Pauses("0123456789abcdef0123456789abcdef", Hour, failures: 8), Pauses("0123456789abcdef0123456789abcdee", Hour, failures: 8));

        Assert.All(one.Zip(other), p => Assert.NotEqual(p.First, p.Second));
        Assert.Equal(one, Pauses("0123456789abcdef0123456789abcdef", Hour, failures: 8));
    }

    [Theory]
    [InlineData(5000, 5010, 5030)]
    [InlineData(1, 11, 31)]
    [InlineData(10_000_000, 86_410, 86_430)] // a server that asks for months is not obeyed for months
    public void A_server_that_says_when_is_not_asked_before_that(int asked, double least, double most)
    {
        var pace = new ServerPace(_clock, "a");

        pace.Failed(Error(HostupErrors.ServerBusy, TimeSpan.FromSeconds(asked)), Hour);

        Assert.InRange(pace.Left.TotalSeconds, least, most);
    }

    [Fact]
    public void A_key_that_is_refused_is_offered_more_seldom_from_the_beginning()
    {
        var pace = new ServerPace(_clock, "a");

        pace.Failed(Error(HostupErrors.Unauthorized), TimeSpan.FromSeconds(5));

        Assert.InRange(pace.Left.TotalSeconds, 60, 180);
    }

    [Fact]
    public void An_answer_makes_the_next_failure_the_first_one_and_a_wake_does_not()
    {
        var pace = new ServerPace(_clock, "a");
        for (int i = 0; i < 8; i++)
            pace.Failed(Error(HostupErrors.Link), Hour);
        Assert.True(pace.Left > TimeSpan.FromMinutes(20));

        pace.Wake();
        Assert.Equal(TimeSpan.Zero, pace.Left);
        pace.Failed(Error(HostupErrors.Link), Hour);
        Assert.True(pace.Left > TimeSpan.FromMinutes(20));

        pace.Answered();
        Assert.Equal(TimeSpan.Zero, pace.Left);
        pace.Failed(Error(HostupErrors.Link), Hour);
        Assert.InRange(pace.Left.TotalSeconds, 10, 30);
    }

    [Fact]
    public void What_is_left_of_a_pause_goes_by()
    {
        var pace = new ServerPace(_clock, "a");
        pace.Failed(Error(HostupErrors.Link), Hour);
        var left = pace.Left;

        _clock.Pass(TimeSpan.FromSeconds(4));
        Assert.Equal(left - TimeSpan.FromSeconds(4), pace.Left);
        _clock.Pass(Hour);

        Assert.Equal(TimeSpan.Zero, pace.Left);
    }

    private List<double> Pauses(string device, TimeSpan? interval, int failures)
    {
        var pace = new ServerPace(_clock, device);
        var pauses = new List<double>();
        for (int i = 0; i < failures; i++)
        {
            pace.Failed(Error(HostupErrors.Link), interval);
            pauses.Add(pace.Left.TotalSeconds);
            _clock.Pass(pace.Left);
        }
        return pauses;
    }

    private static HostupException Error(HostupErrorCode code, TimeSpan? retryAfter = null) => new(code, "cannot poll the server", "a test", "wait") { RetryAfter = retryAfter };
}
