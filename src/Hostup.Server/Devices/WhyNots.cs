using Hostup.Core.Targets;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Devices;

/// <summary>Gathers what is known of devices and their last attempts, for the sentence that says why one does not run its target.</summary>
internal sealed class WhyNots(HostupDb db, Policies.Policies policies, TimeProvider time)
{
    private readonly Dictionary<string, string?> _images = [];
    private PolicySettings? _forAll;

    /// <summary>The last attempts of some devices, by device; a device that never had one is not among them.</summary>
    public async Task<Dictionary<string, AttemptRow>> LastAsync(IReadOnlyList<string> uuids, CancellationToken ct)
    {
        // ids sort by time of making
        var ids = await db.Attempts.Where(a => uuids.Contains(a.DeviceUuid)).GroupBy(a => a.DeviceUuid).Select(g => g.Max(a => a.Id)).ToListAsync(ct);
        return await db.Attempts.AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.DeviceUuid, ct);
    }

    /// <summary>Why a device does not run what it is to run; null: it does, or it is to stay at what it runs.</summary>
    /// <param name="device">The device.</param>
    /// <param name="state">What it runs, as it last said.</param>
    /// <param name="target">What is declared for it.</param>
    /// <param name="last">Its last attempt.</param>
    /// <param name="silence">The silence of that attempt.</param>
    /// <param name="ct">Ends the question.</param>
    public async Task<WhyNot?> OfAsync(DeviceRow device, DeviceStateReport? state, DeclaredTarget? target, AttemptRow? last, AttemptSilence? silence, CancellationToken ct)
    {
        if (last is not null && (last.EndedAt is null || last.ReleaseId == target?.ReleaseId))
            return await OfAsync(device, state, last, silence, ct);
        // it ran the release when that was declared, so no attempt was made
        return target is null || state is null ? null : Explanation.OfUntried(target.Version, await OtherAsync(state, target.ReleaseId, ct));
    }

    /// <summary>Why a device does not run the release of an attempt; null: it does.</summary>
    /// <param name="device">The device.</param>
    /// <param name="state">What it runs, as it last said; null: that says nothing of the attempt.</param>
    /// <param name="attempt">The attempt.</param>
    /// <param name="silence">Its silence.</param>
    /// <param name="ct">Ends the question.</param>
    public async Task<WhyNot?> OfAsync(DeviceRow device, DeviceStateReport? state, AttemptRow attempt, AttemptSilence? silence, CancellationToken ct)
    {
        _forAll ??= await policies.ForAllAsync(ct);
        return Explanation.Of(new TargetFacts
        {
            Version = attempt.Version,
            Report = attempt.ReadReport() with { State = attempt.State },
            Now = time.GetUtcNow(),
            HeardAt = Later(device.LastSeenAt, attempt.ReportedAt),
            PollInterval = policies.PollInterval(device.Policy, _forAll),
            IsDelivered = attempt.DeliveredAt is not null,
            CancelAsked = attempt.CancelAsked,
            Silence = silence,
            IsRetired = device.RetiredAt is not null,
            IsCloned = device.ClonedAt is not null,
            RunsOther = attempt is { State: AttemptStates.Committed, ReleaseId: { } release } && state is not null ? await OtherAsync(state, release, ct) : "",
        });
    }

    /// <summary>Version on the running slot when that slot is known to have another image; else empty.</summary>
    private async Task<string> OtherAsync(DeviceStateReport state, string releaseId, CancellationToken ct)
    {
        if (state.Slots.FirstOrDefault(s => s.Slot == state.RunningSlot)?.ImageDigest is not { } runs)
            return "";
        // many devices, few releases
        if (!_images.TryGetValue(releaseId, out string? wanted))
            _images[releaseId] = wanted = await db.Releases.Where(r => r.Id == releaseId).Select(r => r.ImageDigest).SingleOrDefaultAsync(ct);
        return wanted is null || wanted == runs.ToString() ? "" : state.OsVersion;
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;
}
