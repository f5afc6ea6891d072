using Hostup.Core.Targets;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Devices;

/// <summary>Gathers what is known of devices and their last attempts, for the sentence that says why one does not run its target.</summary>
internal sealed class WhyNots(HostupDb db, Policies.Policies policies, TimeProvider time)
{
    private PolicySettings? _forAll;

    /// <summary>The last attempts of some devices, by device; a device that never had one is not among them.</summary>
    public async Task<Dictionary<string, AttemptRow>> LastAsync(IReadOnlyList<string> uuids, CancellationToken ct)
    {
        // ids sort by time of making
        var ids = await db.Attempts.Where(a => uuids.Contains(a.DeviceUuid)).GroupBy(a => a.DeviceUuid).Select(g => g.Max(a => a.Id)).ToListAsync(ct);
        return await db.Attempts.AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.DeviceUuid, ct);
    }

    /// <summary>The reason of one device; null: it runs what it was last asked to run, or nothing was asked.</summary>
    /// <param name="device">The device.</param>
    /// <param name="state">What it runs, as it last said.</param>
    /// <param name="last">Its last attempt.</param>
    /// <param name="silence">The silence of that attempt.</param>
    /// <param name="ct">Ends the question.</param>
    public async Task<WhyNot?> OfAsync(DeviceRow device, DeviceStateReport? state, AttemptRow? last, AttemptSilence? silence, CancellationToken ct)
    {
        if (last is null)
            return null;
        _forAll ??= await policies.ForAllAsync(ct);
        return Explanation.Of(new TargetFacts
        {
            Version = last.Version,
            Report = last.ReadReport() with { State = last.State },
            Now = time.GetUtcNow(),
            HeardAt = Later(device.LastSeenAt, last.ReportedAt),
            PollInterval = policies.PollInterval(device.Policy, _forAll),
            IsDelivered = last.DeliveredAt is not null,
            CancelAsked = last.CancelAsked,
            Silence = silence,
            IsRetired = device.RetiredAt is not null,
            IsCloned = device.ClonedAt is not null,
            RunsOther = last.State == AttemptStates.Committed && state is not null ? await OtherAsync(state, last.ReleaseId, ct) : "",
        });
    }

    /// <summary>Version on the running slot when that slot is known to have another image; else empty.</summary>
    private async Task<string> OtherAsync(DeviceStateReport state, string releaseId, CancellationToken ct)
    {
        if (state.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.ImageDigest is not { } runs)
            return "";
        string? committed = await db.Releases.Where(r => r.Id == releaseId).Select(r => r.ImageDigest).SingleOrDefaultAsync(ct);
        return committed is null || committed == runs.ToString() ? "" : state.OsVersion;
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
