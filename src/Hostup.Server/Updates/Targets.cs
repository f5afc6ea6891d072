using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What a device is to do, as its poll is answered.</summary>
internal sealed class Targets(HostupDb db, Policies.Policies policies, OwnPacks packs, TimeProvider time)
{
    /// <summary>The target of a device; null: it is to stay. From here on the device may know of the attempt.</summary>
    public async Task<DeviceTarget?> OfAsync(string uuid, CancellationToken ct)
    {
        var found = await (from device in db.Devices
                           join attempt in db.Attempts on device.TargetAttemptId equals attempt.Id
                           where device.Uuid == uuid && attempt.EndedAt == null
                           select new { Attempt = attempt, DevicePolicy = device.Policy, Envelope = db.Releases.Where(r => r.Id == attempt.ReleaseId).Select(r => r.EnvelopeDigest).FirstOrDefault(), Updater = db.Updaters.FirstOrDefault(u => u.OrganisationId == attempt.OrganisationId && u.Digest == attempt.UpdaterDigest) })
            .AsNoTracking().SingleOrDefaultAsync(ct);
        var now = time.GetUtcNow();
        if (found is null || found.Attempt.NotBefore > now)
            return null;
        if (found.Attempt.DeliveredAt is null)
        {
            // durable before the device hears of it: a cancel from now on needs the device's word
            int open = await db.Attempts.Where(a => a.Id == found.Attempt.Id && a.EndedAt == null).ExecuteUpdateAsync(s => s.SetProperty(a => a.DeliveredAt, now), ct);
            if (open == 0)
                return null;
        }
        return new DeviceTarget
        {
            AttemptId = found.Attempt.Id,
            Version = found.Attempt.Version,
            ReleaseEnvelope = found.Envelope is { } envelope ? Digest.Parse(envelope) : Digest.Of([]),
            Revert = found.Attempt.ReleaseId is null,
            Updater = found.Updater is { } u ? new UpdaterArtifact(u.Version, Digest.Parse(u.Digest), u.Size, Digest.Parse(u.EnvelopeDigest)) { Packs = await packs.OfAsync(u.OrganisationId, Digest.Parse(u.Digest), ct) } : null,
            Reinstall = found.Attempt.Reinstall,
            Cancel = found.Attempt.CancelAsked,
            OverrideLocks = found.Attempt.OverrideLocks,
            Policy = Policies.Policies.Read(found.Attempt.Policy).Over(Policies.Policies.Read(found.DevicePolicy)).Over(await policies.ForAllAsync(found.Attempt.OrganisationId, ct)).Over(new UpdatePolicy()),
            FallbackRegistries = JsonSerializer.Deserialize(found.Attempt.FallbackRegistries, WireJson.Default.IReadOnlyListString) ?? [],
        };
    }
}
