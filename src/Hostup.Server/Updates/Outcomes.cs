using System.Text.Json;
using System.Text.RegularExpressions;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>One release over all devices: a bad one is seen before each device has met it.</summary>
internal static partial class Outcomes
{
    /// <summary>Counts how its attempts ended, on the devices that the caller sees.</summary>
    public static async Task<ReleaseOutcomes> OfAsync(HostupDb db, Scope scope, ReleaseRow release, CancellationToken ct)
    {
        int open = 0;
        var ended = new Dictionary<(string State, string Code, string Cause), Tally>();
        var attempts = db.AttemptsOf(scope).AsNoTracking().Where(a => a.ReleaseId == release.Id).Select(a => new
        {
            a.Id,
            a.DeviceUuid,
            a.State,
            a.EndedAt,
            Report = a.State == AttemptStates.RolledBack || a.State == AttemptStates.Refused || a.State == AttemptStates.Failed ? a.Report : null,
        });
        // One after the other: a report has kilobytes, and there may be one of each device.
        await foreach (var attempt in attempts.AsAsyncEnumerable().WithCancellation(ct))
        {
            if (attempt.EndedAt is not { } at)
            {
                open++;
                continue;
            }
            var report = attempt.Report is { } json ? JsonSerializer.Deserialize(json, WireJson.Default.AttemptReport) : null;
            var how = (attempt.State, report?.ErrorCode ?? "", CauseOf(report?.Message));
            if (!ended.TryGetValue(how, out var tally))
                ended[how] = tally = new Tally();
            tally.Add(attempt.Id, attempt.DeviceUuid, at, report?.Message);
        }
        return new ReleaseOutcomes
        {
            ReleaseId = release.Id,
            Version = release.Version,
            Open = open,
            Ended = [.. ended.Select(e => e.Value.Of(e.Key)).OrderByDescending(o => o.Attempts).ThenBy(o => o.State, StringComparer.Ordinal).ThenBy(o => o.Code, StringComparer.Ordinal).ThenBy(o => o.Cause, StringComparer.Ordinal)],
            DevicesReverted = await RevertedAsync(db, scope, release, ct),
        };
    }

    /// <summary>A revert names no release: it is told by the version that ran.</summary>
    private static Task<int> RevertedAsync(HostupDb db, Scope scope, ReleaseRow release, CancellationToken ct) => db.AttemptsOf(scope)
        .Where(a => a.ReleaseId == null && a.State == AttemptStates.Committed && a.FromVersion == release.Version && db.Devices.Any(d => d.Uuid == a.DeviceUuid && d.DeviceType == release.DeviceType))
        .Select(a => a.DeviceUuid).Distinct().CountAsync(ct);

    // The sentence of the device's program; another one's sentence gives no names.
    private static string CauseOf(string? message) =>
        message is null ? "" : string.Join(", ", FailedCheck().Matches(message).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal));

    [GeneratedRegex("health check `([^`]+)` failed")]
    private static partial Regex FailedCheck();

    private sealed class Tally
    {
        private readonly HashSet<string> _devices = [];
        private int _attempts;
        private (DateTimeOffset At, string Attempt, string? Message) _last = (DateTimeOffset.MinValue, "", null);

        public void Add(string attempt, string device, DateTimeOffset at, string? message)
        {
            _attempts++;
            _devices.Add(device);
            if (at >= _last.At)
                _last = (at, attempt, message);
        }

        public ReleaseOutcome Of((string State, string Code, string Cause) how) => new()
        {
            State = how.State,
            Code = how.Code.Length > 0 ? how.Code : null,
            Cause = how.Cause.Length > 0 ? how.Cause : null,
            Attempts = _attempts,
            Devices = _devices.Count,
            LastAt = _last.At,
            LastAttempt = _last.Attempt,
            LastMessage = _last.Message,
        };
    }
}
