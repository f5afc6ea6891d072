using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Monitoring;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Takes the reports of devices. Every change is one conditional write, so that a late or repeated report changes nothing.</summary>
internal sealed class AttemptIntake(HostupDb db, AttemptNews news, ServerMetrics metrics, TimeProvider time, ILogger<AttemptIntake> log)
{
    /// <summary>Takes a report; durable when it returns.</summary>
    /// <exception cref="HostupException"><c>not-found</c> when the device has no such attempt, <c>bad-value</c> for a state that there is not.</exception>
    public async Task<AttemptAnswer> TakeAsync(string uuid, string attemptId, AttemptReport report, CancellationToken ct)
    {
        if (!States.Contains(report.State))
            throw new HostupException(HostupErrors.BadValue, $"cannot take the report of attempt {attemptId}", $"there is no state '{report.State}'", "send a state of docs/api.md");
        var before = await OfDeviceAsync(uuid, attemptId, ct);
        if (before.EndedAt is null && report.Serial > before.ReportSerial && await StoreAsync(before, report, ct))
            news.Tell(attemptId);
        var now = await OfDeviceAsync(uuid, attemptId, ct);
        // ended by the operator before this device was heard of: what it does is not wanted
        bool unwanted = now.State is AttemptStates.Cancelled or AttemptStates.Superseded && !AttemptStates.IsTerminal(report.State);
        return new AttemptAnswer(now.CancelAsked || unwanted)
        {
            Superseded = now.EndedAt is null && await db.Devices.AnyAsync(d => d.Uuid == uuid && d.TargetAttemptId != null && d.TargetAttemptId != attemptId, ct),
            OverrideLocks = now.OverrideLocks,
            State = now.State,
        };
    }

    /// <summary>The attempt, when it is this device's.</summary>
    public async Task<AttemptRow> OfDeviceAsync(string uuid, string attemptId, CancellationToken ct) =>
        await db.Attempts.AsNoTracking().SingleOrDefaultAsync(a => a.Id == attemptId && a.DeviceUuid == uuid, ct)
        ?? throw new HostupException(HostupErrors.NotFound, $"cannot find attempt {attemptId}", "this device has none of that id", "poll for the current target");

    private async Task<bool> StoreAsync(AttemptRow before, AttemptReport report, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        bool terminal = AttemptStates.IsTerminal(report.State);
        string json = JsonSerializer.Serialize(report, WireJson.Default.AttemptReport);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        int taken = await db.Attempts.Where(a => a.Id == before.Id && a.EndedAt == null && a.ReportSerial < report.Serial).ExecuteUpdateAsync(
            s => s.SetProperty(a => a.Report, json).SetProperty(a => a.State, report.State).SetProperty(a => a.ReportSerial, report.Serial).SetProperty(a => a.Serial, a => a.Serial + 1)
                .SetProperty(a => a.ChangedAt, now).SetProperty(a => a.ReportedAt, now).SetProperty(a => a.EndedAt, terminal ? now : null), ct);
        if (taken == 0)
            return false;
        if (report.State != before.State)
            db.AttemptEvents.Add(new AttemptEventRow { AttemptId = before.Id, At = now, State = report.State, Message = report.Message });
        if (terminal && await db.Devices.Where(d => d.Uuid == before.DeviceUuid && d.TargetAttemptId == before.Id).ExecuteUpdateAsync(s => s.SetProperty(d => d.TargetAttemptId, (string?)null), ct) > 0)
            await TryAgainAsync(before, report, now, ct);
        await EndUnbegunAsync(before, now, ct);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        if (terminal)
            metrics.Count(report);
        Tell(before, report, terminal);
        return true;
    }

    /// <summary>Nobody has asked for anything else meanwhile: what ended without a verdict is tried again later.</summary>
    private async Task TryAgainAsync(AttemptRow ended, AttemptReport report, DateTimeOffset now, CancellationToken ct)
    {
        if (await Retries.NextAsync(db, ended, report, now, ct) is not { } next)
            return;
        db.Attempts.Add(next);
        db.AttemptEvents.Add(new AttemptEventRow { AttemptId = next.Id, At = now, State = next.State, Message = $"tries {next.Version} again, not before {next.NotBefore:yyyy-MM-dd HH:mm:ss}Z: attempt {ended.Id} was inconclusive" });
        await db.SaveChangesAsync(ct);
        await db.Devices.Where(d => d.Uuid == ended.DeviceUuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.TargetAttemptId, next.Id), ct);
    }

    /// <summary>A device begins only its target: other attempts that it never reported on are over.</summary>
    private async Task EndUnbegunAsync(AttemptRow current, DateTimeOffset now, CancellationToken ct)
    {
        var unbegun = await db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == current.DeviceUuid && a.EndedAt == null && a.ReportSerial < 0 && a.Id != current.Id
            && !db.Devices.Any(d => d.TargetAttemptId == a.Id)).ToListAsync(ct);
        foreach (var attempt in unbegun)
            await db.EndAsync(attempt, AttemptStates.Superseded, now, ct);
    }

    private void Tell(AttemptRow before, AttemptReport report, bool terminal)
    {
        if (terminal && report.State is AttemptStates.Failed or AttemptStates.RolledBack or AttemptStates.Refused)
            log.AttemptFailed(before.Id, before.DeviceUuid, report.State, report.ErrorCode ?? "no code");
        else if (report.State != before.State)
            log.AttemptChanged(before.Id, before.DeviceUuid, report.State);
    }

    private static readonly HashSet<string> States =
        [.. typeof(AttemptStates).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];
}
