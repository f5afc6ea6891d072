using System.Diagnostics;
using Hostup.Updates.Reporting;

namespace Hostup.Device.Agent;

/// <summary>How often a running attempt is reported: at once when its state or step changes, seldom while only bytes go by, for they cost bytes too.</summary>
internal sealed class ReportPace
{
    private static readonly TimeSpan BetweenBytes = TimeSpan.FromSeconds(10);
    // After 45 minutes of silence the server holds an attempt to be stuck.
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMinutes(30);
    private (int Records, string? State, string? Note) _told;
    private long _doneTold;
    private long _tickTold;
    private long? _at;

    /// <summary>Whether there is something worth a report.</summary>
    /// <param name="progress">Progress of the step; null: none.</param>
    /// <param name="records">Records of the journal.</param>
    public bool IsDue(StepProgress? progress, int records) =>
        (records, progress?.State, progress?.Note) != _told
        || (progress is not null && _at is { } at && ((progress.Done != _doneTold && Stopwatch.GetElapsedTime(at) >= BetweenBytes) || (progress.Tick != _tickTold && Stopwatch.GetElapsedTime(at) >= Heartbeat)));

    /// <summary>The server knows it.</summary>
    public void Told(StepProgress? progress, int records) =>
        (_told, _doneTold, _tickTold, _at) = ((records, progress?.State, progress?.Note), progress?.Done ?? 0, progress?.Tick ?? 0, Stopwatch.GetTimestamp());
}
