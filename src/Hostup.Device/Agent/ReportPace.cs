using Hostup.Core.Wire;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Agent;

/// <summary>How often a running attempt is reported: at once when its state or step changes, seldom while only bytes go by, for they cost bytes too.</summary>
/// <param name="time">Time.</param>
internal sealed class ReportPace(TimeProvider time)
{
    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(10);
    // After 45 minutes of silence, and the interval of the polls on top while it waits, the server holds an attempt to be stuck.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(30);
    private (int Records, string? State, string? Note) _told;
    private long _doneTold;
    private long _tickTold;
    private long? _at;

    /// <summary>Whether there is something worth a report.</summary>
    /// <param name="progress">Progress of the step; null: none.</param>
    /// <param name="records">Records of the journal.</param>
    /// <param name="interval">Interval of the polls as the server set it: who wants to hear seldom gets no sign of life more often of what waits; null: it has not.</param>
    public bool IsDue(StepProgress? progress, int records, TimeSpan? interval) =>
        (records, progress?.State, progress?.Note) != _told
        || (progress is not null && _at is { } at && ((progress.Done != _doneTold && time.GetElapsedTime(at) >= BetweenBytes) || (progress.Tick != _tickTold && time.GetElapsedTime(at) >= Longer(Heartbeat, AttemptStates.Waits(progress.State) ? interval : null))));

    /// <summary>The server knows it.</summary>
    public void Told(StepProgress? progress, int records) =>
        (_told, _doneTold, _tickTold, _at) = ((records, progress?.State, progress?.Note), progress?.Done ?? 0, progress?.Tick ?? 0, time.GetTimestamp());

    private static TimeSpan Longer(TimeSpan a, TimeSpan? b) => b > a ? b.Value : a;
}
