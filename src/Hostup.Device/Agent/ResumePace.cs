using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Device.Agent;

/// <summary>When an open attempt is taken up by another process: at once, then not in a loop, and ever more seldom while it cannot be taken back or its journal takes no record.</summary>
internal sealed class ResumePace(ISystemClock clock)
{
    /// <summary>A process that cannot even begin must not be started in a loop.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromMinutes(1);

    /// <summary>A medium that takes no write for hours may take one again after somebody looked at it.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    // A run that is resumed five times without getting further says so in its journal: one that does not cannot.
    private const int MostStartsWithoutARecord = 6;

    private (string? Attempt, int Records) _seen;
    private int _starts;
    private TimeSpan? _last;
    private TimeSpan _pause = Shortest;

    /// <summary>Whether it is taken up now; then the time is noted.</summary>
    /// <param name="records">The journal of the open attempt.</param>
    public bool IsDue(IReadOnlyList<JournalRecord> records)
    {
        var seen = (records[0].AttemptId, records.Count);
        int starts = seen == _seen ? _starts : 0;
        bool waitsForMedium = starts > MostStartsWithoutARecord || (starts > 0 && records.Any(r => r.Verb == JournalVerb.Failed));
        if (_last is { } last && clock.Elapsed - last < (waitsForMedium ? _pause : Shortest))
            return false;
        _pause = waitsForMedium ? TimeSpan.FromTicks(Math.Min(_pause.Ticks * 2, Longest.Ticks)) : Shortest;
        (_last, _seen, _starts) = (clock.Elapsed, seen, starts + 1);
        return true;
    }
}
