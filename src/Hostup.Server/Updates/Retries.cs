using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>
/// Tries an attempt again whose end says nothing of its release: the old OS failed the same health check as the new one. The pause grows with each such end in a row,
/// so that an outage of a week costs a device few reboots.
/// </summary>
internal static class Retries
{
    private const int MostDoubled = 5;
    private static readonly TimeSpan First = TimeSpan.FromHours(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    /// <summary>The next attempt of an ended one, not added yet; null: none is made.</summary>
    /// <param name="db">Holds its report already.</param>
    /// <param name="ended">The attempt.</param>
    /// <param name="report">Its last report.</param>
    /// <param name="now">When it ended.</param>
    /// <param name="ct">Ends the questions.</param>
    public static async Task<AttemptRow?> NextAsync(HostupDb db, AttemptRow ended, AttemptReport report, DateTimeOffset now, CancellationToken ct)
    {
        if (!IsInconclusive(report) || ended.ReleaseId is not { } release || await db.Releases.AnyAsync(r => r.Id == release && r.InvalidatedAt != null, ct))
            return null;
        var before = await db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == ended.DeviceUuid && string.Compare(a.Id, ended.Id) < 0).OrderByDescending(a => a.Id).Take(MostDoubled).ToListAsync(ct);
        int inARow = before.TakeWhile(a => a.ReleaseId == release && IsInconclusive(a.ReadReport())).Count();
        var pause = TimeSpan.FromTicks(Math.Min(First.Ticks << inARow, Longest.Ticks));
        var next = AttemptRow.New(ended.OrganisationId, ended.DeviceUuid, ended.Version, ended.FromVersion, now);
        next.ReleaseId = release;
        next.UpdaterDigest = ended.UpdaterDigest;
        next.Reinstall = ended.Reinstall;
        next.OverrideLocks = ended.OverrideLocks;
        next.Policy = ended.Policy;
        next.FallbackRegistries = ended.FallbackRegistries;
        next.NotBefore = now + pause;
        return next;
    }

    private static bool IsInconclusive(AttemptReport report) => report.State == AttemptStates.RolledBack && report.ErrorCode == HostupErrors.Inconclusive.Id;
}
