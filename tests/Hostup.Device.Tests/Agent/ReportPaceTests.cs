using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Tests.Agent;

public sealed class ReportPaceTests
{
    private static readonly StepProgress Fetching = new(AttemptStates.Downloading, 10, 100, "registry", 1);
    private readonly Clock _clock = new();
    private readonly ReportPace _pace;

    public ReportPaceTests() => _pace = new ReportPace(_clock);

    [Fact]
    public void A_new_state_note_or_record_is_told_at_once()
    {
        Assert.True(_pace.IsDue(Fetching, 3, interval: null));
        _pace.Told(Fetching, 3);

        Assert.False(_pace.IsDue(Fetching, 3, interval: null));
        Assert.True(_pace.IsDue(Fetching with { State = AttemptStates.Verifying }, 3, interval: null));
        Assert.True(_pace.IsDue(Fetching with { Note = "fallback" }, 3, interval: null));
        Assert.True(_pace.IsDue(Fetching, 4, interval: null));
    }

    [Fact]
    public void Bytes_that_go_by_are_not_told_each_time()
    {
        _pace.Told(Fetching, 3);

        Assert.False(_pace.IsDue(Fetching with { Done = 50, Tick = 2 }, 3, interval: null));
    }

    [Fact]
    public void Waiting_that_says_the_same_is_told_once()
    {
        var waiting = new StepProgress(AttemptStates.Ready, 0, 0, "waiting for window 02:00-03:00", 1);
        _pace.Told(waiting, 3);

        Assert.False(_pace.IsDue(waiting with { Tick = 900 }, 3, interval: null));
    }

    /// <summary>The server calls an attempt stuck after 45 minutes of silence and the interval on top.</summary>
    [Theory]
    [InlineData(null, 30)]
    [InlineData(60, 30)]
    [InlineData(900, 30)]
    [InlineData(7200, 120)]
    [InlineData(86_400, 1440)]
    public void Waiting_gives_a_sign_of_life_each_half_hour_and_no_more_often_than_the_server_wants_to_hear(int? intervalSeconds, int minutes)
    {
        var waiting = new StepProgress(AttemptStates.Ready, 0, 0, "waiting for window 02:00-03:00", 1);
        TimeSpan? interval = intervalSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
        _pace.Told(waiting, 3);

        _clock.Now += TimeSpan.FromMinutes(minutes) - TimeSpan.FromSeconds(1);
        Assert.False(_pace.IsDue(waiting with { Tick = 2 }, 3, interval));
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(_pace.IsDue(waiting with { Tick = 2 }, 3, interval));
        Assert.True(TimeSpan.FromMinutes(minutes) < TimeSpan.FromMinutes(45) + interval.GetValueOrDefault());
    }

    [Fact]
    public void Work_gives_a_sign_of_life_each_half_hour_however_seldom_the_device_polls()
    {
        var pulling = new StepProgress(AttemptStates.Supervisor, 0, 0, "registry", 1);
        _pace.Told(pulling, 3);

        _clock.Now += TimeSpan.FromMinutes(30);

        Assert.True(_pace.IsDue(pulling with { Tick = 2 }, 3, TimeSpan.FromHours(2)));
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
