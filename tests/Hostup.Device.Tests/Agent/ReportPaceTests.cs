using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Tests.Agent;

public sealed class ReportPaceTests
{
    private static readonly StepProgress Fetching = new(AttemptStates.Downloading, 10, 100, "registry", 1);
    private readonly ReportPace _pace = new();

    [Fact]
    public void A_new_state_note_or_record_is_told_at_once()
    {
        Assert.True(_pace.IsDue(Fetching, 3));
        _pace.Told(Fetching, 3);

        Assert.False(_pace.IsDue(Fetching, 3));
        Assert.True(_pace.IsDue(Fetching with { State = AttemptStates.Verifying }, 3));
        Assert.True(_pace.IsDue(Fetching with { Note = "fallback" }, 3));
        Assert.True(_pace.IsDue(Fetching, 4));
    }

    [Fact]
    public void Bytes_that_go_by_are_not_told_each_time()
    {
        _pace.Told(Fetching, 3);

        Assert.False(_pace.IsDue(Fetching with { Done = 50, Tick = 2 }, 3));
    }

    [Fact]
    public void Waiting_that_says_the_same_is_told_once()
    {
        var waiting = new StepProgress(AttemptStates.Ready, 0, 0, "waiting for window 02:00-03:00", 1);
        _pace.Told(waiting, 3);

        Assert.False(_pace.IsDue(waiting with { Tick = 900 }, 3));
    }
}
