using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Updates.Journal;

namespace Hostup.Device.Tests.Agent;

public sealed class ResumePaceTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly SkippingClock _clock = new();

    [Fact]
    public void An_open_attempt_is_taken_up_at_once_and_then_once_a_minute()
    {
        var pace = new ResumePace(_clock);

        Assert.Equal([0, 60, 120, 180, 240], Due(pace, Open(), seconds: 250));
    }

    [Fact]
    public void One_that_cannot_be_taken_back_is_tried_ever_more_seldom_but_once_an_hour()
    {
        var pace = new ResumePace(_clock);

        Assert.Equal([0, 60, 180, 420, 900, 1860, 3780, 7380, 10980], Due(pace, [.. Open(), New(JournalVerb.Failed)], seconds: 11000));
    }

    [Fact]
    public void One_whose_journal_takes_no_record_is_tried_ever_more_seldom_too()
    {
        var pace = new ResumePace(_clock);

        Assert.Equal([0, 60, 120, 180, 240, 300, 360, 420, 540, 780, 1260, 2220, 4140, 7740, 11340], Due(pace, Open(), seconds: 11400));
    }

    [Fact]
    public void A_step_that_was_taken_back_begins_it_anew()
    {
        var pace = new ResumePace(_clock);
        Due(pace, [.. Open(), New(JournalVerb.Failed)], seconds: 1000);

        Assert.Equal(60, Due(pace, [.. Open(), New(JournalVerb.Failed), New(JournalVerb.Undone)], seconds: 1200)[1] - 1000);
    }

    private List<int> Due(ResumePace pace, IReadOnlyList<JournalRecord> records, int seconds)
    {
        var due = new List<int>();
        for (; _clock.Elapsed.TotalSeconds < seconds; _clock.Pass(Second))
        {
            if (pace.IsDue(records))
                due.Add((int)_clock.Elapsed.TotalSeconds);
        }
        return due;
    }

    private static IReadOnlyList<JournalRecord> Open() => [New(JournalVerb.Opened) with { AttemptId = "a" }, New(JournalVerb.Started)];

    private static JournalRecord New(JournalVerb verb) => new() { Verb = verb, BootId = "b", At = DateTimeOffset.UnixEpoch };
}
