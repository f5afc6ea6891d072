using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Ends attempts that no device works on.</summary>
internal static class AttemptEnd
{
    /// <summary>Ends an attempt that has no report, unless one arrived meanwhile. The caller saves and commits.</summary>
    /// <returns>Whether it was ended.</returns>
    public static async Task<bool> EndAsync(this HostupDb db, AttemptRow attempt, string state, DateTimeOffset now, CancellationToken ct)
    {
        string json = JsonSerializer.Serialize(attempt.ReadReport() with { State = state }, WireJson.Default.AttemptReport);
        int ended = await db.Attempts.Where(a => a.Id == attempt.Id && a.EndedAt == null && a.ReportSerial < 0).ExecuteUpdateAsync(
            s => s.SetProperty(a => a.State, state).SetProperty(a => a.Report, json).SetProperty(a => a.EndedAt, now).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.Serial, a => a.Serial + 1), ct);
        if (ended == 0)
            return false;
        db.AttemptEvents.Add(new AttemptEventRow { AttemptId = attempt.Id, At = now, State = state });
        await db.Devices.Where(d => d.TargetAttemptId == attempt.Id).ExecuteUpdateAsync(s => s.SetProperty(d => d.TargetAttemptId, (string?)null), ct);
        return true;
    }
}
