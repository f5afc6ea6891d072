using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Versions;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Hostup.Server.Releases;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Makes an attempt the target of a device. Whether the device can and will is the device's own decision.</summary>
internal sealed class UpdateStart(HostupDb db, DeclaredTargets targets, AttemptNews news, AuditLog audit, TimeProvider time, ILogger<UpdateStart> log)
{
    private const string NoUpdater = "none";
    private const string DefaultPlatform = "linux-x64";
    private const string LocksOverridden = "the operator overrides the update locks of applications";

    /// <exception cref="HostupException"><c>not-found</c>, <c>device-type</c>, <c>invalidated</c>, <c>cloned</c>, <c>conflict</c>, <c>bad-value</c>.</exception>
    public async Task<AttemptRow> StartAsync(DeviceRow device, UpdateRequest request, Caller by, CancellationToken ct)
    {
        RequireReachable(device);
        var release = await ReleaseAsync(device, request.Release, ct);
        var updater = await UpdaterAsync(device, request.Updater, ct);
        var attempt = AttemptRow.New(device.OrganisationId, device.Uuid, release.Version, device.OsVersion, time.GetUtcNow());
        attempt.ReleaseId = release.Id;
        attempt.UpdaterDigest = updater?.Digest;
        attempt.Reinstall = request.Reinstall;
        attempt.OverrideLocks = request.OverrideLocks;
        attempt.Policy = Policies.Policies.Write(request.Policy);
        attempt.FallbackRegistries = JsonSerializer.Serialize(request.FallbackRegistries, WireJson.Default.IReadOnlyListString);
        return await MakeTargetAsync(device, attempt, () => targets.DeclareAsync(device.Uuid, release, by, request.Why, ct), ct);
    }

    /// <summary>
    /// Makes the way back to the OS in the spare slot the target of a device. Only the device knows whether the slot is what it was.
    /// What was declared is declared no more: it may be what the operator wants to leave.
    /// </summary>
    /// <exception cref="HostupException"><c>cloned</c>, <c>conflict</c>.</exception>
    public Task<AttemptRow> RevertAsync(DeviceRow device, RevertRequest request, CancellationToken ct)
    {
        RequireReachable(device);
        var state = device.State is null ? null : JsonSerializer.Deserialize(device.State, WireJson.Default.DeviceStateReport);
        string version = state?.Slots.FirstOrDefault(s => s.Slot != state.RunningSlot)?.Version ?? "";
        var attempt = AttemptRow.New(device.OrganisationId, device.Uuid, version, device.OsVersion, time.GetUtcNow());
        attempt.OverrideLocks = request.OverrideLocks;
        attempt.Policy = Policies.Policies.Write(request.Policy);
        return MakeTargetAsync(device, attempt, () => targets.ForgetAsync(device.Uuid, ct), ct);
    }

    private async Task<AttemptRow> MakeTargetAsync(DeviceRow device, AttemptRow attempt, Func<Task> declare, CancellationToken ct)
    {
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            // the device cannot know of those that no poll has named; the others end when it says so
            var unknown = await db.Attempts.AsNoTracking().Where(a => a.DeviceUuid == device.Uuid && a.EndedAt == null && a.DeliveredAt == null).ToListAsync(ct);
            foreach (var old in unknown)
                await db.EndAsync(old, AttemptStates.Superseded, attempt.CreatedAt, ct);
            db.Attempts.Add(attempt);
            db.AttemptEvents.Add(new AttemptEventRow { AttemptId = attempt.Id, At = attempt.CreatedAt, State = attempt.State, Message = attempt.OverrideLocks ? LocksOverridden : null });
            await db.SaveChangesAsync(ct);
            await db.Devices.Where(d => d.Uuid == device.Uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.TargetAttemptId, attempt.Id), ct);
            await declare();
            await audit.AddAsync($"device {device.Uuid}", $"to {attempt.Destination()}, attempt {attempt.Id}", ct);
            await transaction.CommitAsync(ct);
            unknown.ForEach(old => news.Tell(old.Id));
        }
        log.AttemptMade(attempt.Id, device.Uuid, device.OsVersion, attempt.Destination());
        return attempt;
    }

    /// <summary>Refuses to update a device that gets no target.</summary>
    /// <exception cref="HostupException"><c>cloned</c>, <c>conflict</c>.</exception>
    public static void RequireReachable(DeviceRow device)
    {
        if (device.ClonedAt is not null)
            throw new HostupException(HostupErrors.Cloned, $"cannot update device {device.Name}", "two machines use its key", "see `hostup device show`; flash one of them again with a uuid of its own, then `hostup device reset-key`");
        if (device.RetiredAt is not null)
            throw new HostupException(HostupErrors.Conflict, $"cannot update device {device.Name}", "it was retired", "let it in again with `hostup device reset-key`");
    }

    /// <summary>Ends an attempt that the device cannot know of; else asks the device to end it, as long as it can. What it led to is not its target any more.</summary>
    /// <exception cref="HostupException"><c>conflict</c> when it has ended, or is past the point of no return.</exception>
    public async Task CancelAsync(Scope scope, string attemptId, CancellationToken ct)
    {
        var attempt = await db.AttemptsOf(scope).AsNoTracking().SingleOrDefaultAsync(a => a.Id == attemptId, ct) ?? throw UpdateEndpoints.NoAttempt(attemptId);
        if (attempt.EndedAt is not null)
            throw new HostupException(HostupErrors.Conflict, $"cannot cancel attempt {attemptId}", $"it has ended: {attempt.State}", "start another update to go elsewhere");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await CancelWithinAsync(attempt, ct);
        await audit.AddAsync($"attempt {attemptId}", $"to {attempt.Destination()} on device {attempt.DeviceUuid}", ct);
        await transaction.CommitAsync(ct);
        news.Tell(attemptId);
    }

    /// <summary>The same as a part of the caller's transaction, who writes it down, saves it and tells the news of it.</summary>
    /// <exception cref="HostupException"><c>conflict</c> when it is past the point of no return.</exception>
    public async Task CancelWithinAsync(AttemptRow attempt, CancellationToken ct)
    {
        string id = attempt.Id;
        var now = time.GetUtcNow();
        // one whose place another has taken led to nothing that is declared now
        bool isTarget = await db.Devices.AnyAsync(d => d.TargetAttemptId == id, ct);
        // looked at again inside: a poll may have named it meanwhile
        bool undelivered = await db.Attempts.AnyAsync(a => a.Id == id && a.DeliveredAt == null, ct);
        if (!undelivered || !await db.EndAsync(attempt, AttemptStates.Cancelled, now, ct))
        {
            int asked = await db.Attempts.Where(a => a.Id == id && a.EndedAt == null && !a.CancelAsked && a.State != AttemptStates.Rebooting && a.State != AttemptStates.Trial).ExecuteUpdateAsync(
                s => s.SetProperty(a => a.CancelAsked, true).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.Serial, a => a.Serial + 1), ct);
            if (asked == 0 && await db.Attempts.Where(a => a.Id == id).Select(a => a.State).SingleAsync(ct) is AttemptStates.Rebooting or AttemptStates.Trial)
                throw new HostupException(HostupErrors.Conflict, $"cannot cancel attempt {id}", "it is past the point of no return: the device reboots into the new OS, or has it on trial", "wait for its end; a new OS that is not well is left by itself; start another update to go elsewhere");
        }
        if (isTarget && (await targets.OfAsync(attempt.DeviceUuid, ct))?.ReleaseId == attempt.ReleaseId)
            await targets.ForgetAsync(attempt.DeviceUuid, ct);
    }

    /// <summary>From now on the attempt passes over update locks that applications hold; written down in its history.</summary>
    public async Task OverrideLocksAsync(Scope scope, string attemptId, CancellationToken ct)
    {
        var attempt = await db.AttemptsOf(scope).AsNoTracking().SingleOrDefaultAsync(a => a.Id == attemptId, ct) ?? throw UpdateEndpoints.NoAttempt(attemptId);
        if (attempt.EndedAt is not null)
            throw new HostupException(HostupErrors.Conflict, $"cannot override locks for attempt {attemptId}", $"it has ended: {attempt.State}", "start another update with --override-locks");
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        int changed = await db.Attempts.Where(a => a.Id == attemptId && a.EndedAt == null && !a.OverrideLocks).ExecuteUpdateAsync(
            s => s.SetProperty(a => a.OverrideLocks, true).SetProperty(a => a.ChangedAt, now).SetProperty(a => a.Serial, a => a.Serial + 1), ct);
        if (changed > 0)
            db.AttemptEvents.Add(new AttemptEventRow { AttemptId = attemptId, At = now, State = attempt.State, Message = LocksOverridden });
        await audit.AddAsync($"attempt {attemptId}", $"to {attempt.Destination()} on device {attempt.DeviceUuid}", ct);
        await transaction.CommitAsync(ct);
        news.Tell(attemptId);
    }

    /// <summary>The release that an operator names for a device.</summary>
    /// <exception cref="HostupException"><c>not-found</c>, <c>device-type</c>, <c>invalidated</c>, <c>conflict</c> for a draft.</exception>
    public async Task<ReleaseRow> ReleaseAsync(DeviceRow device, string name, CancellationToken ct)
    {
        var fitting = await db.Releases.AsNoTracking().Where(r => r.OrganisationId == device.OrganisationId && (r.Id == name || r.Version == name)).ToListAsync(ct);
        if (fitting.Count == 0)
            throw new HostupException(HostupErrors.NotFound, $"cannot find release '{name}'", "no release has this version or id", "see `hostup release list`");
        var ours = fitting.Where(r => r.DeviceType == device.DeviceType).OrderByDescending(r => r.Sequence).ToList();
        if (ours.Count == 0)
            throw new HostupException(HostupErrors.DeviceType, $"cannot update device {device.Name} to {name}", $"the release is for {string.Join(", ", fitting.Select(r => r.DeviceType).Distinct())}, the device is a {device.DeviceType}", "choose a release of the device's type");
        var valid = ours.FindAll(r => r.InvalidatedAt is null);
        if (valid is [var draft, ..] && valid.TrueForAll(r => r.IsDraft))
            throw new HostupException(HostupErrors.Conflict, $"cannot update device {device.Name} to {name}", "the release is a draft: it is offered to no device yet", $"offer it with `hostup release offer {draft.Id}`");
        return valid.Find(r => !r.IsDraft)
            ?? throw new HostupException(HostupErrors.Invalidated, $"cannot update device {device.Name} to {name}", $"the release was invalidated: {ours[0].InvalidatedReason}", "choose another release");
    }

    /// <summary>The updater that goes along; null: none.</summary>
    /// <exception cref="HostupException"><c>not-found</c>.</exception>
    public async Task<UpdaterRow?> UpdaterAsync(DeviceRow device, string? name, CancellationToken ct)
    {
        if (name == NoUpdater)
            return null;
        string platform = device.Platform.Length == 0 ? DefaultPlatform : device.Platform;
        var ours = await db.Updaters.AsNoTracking().Where(u => u.OrganisationId == device.OrganisationId && u.Platform == platform && (name == null || u.Version == name || u.Digest == name)).ToListAsync(ct);
        if (name is not null && ours.Count == 0)
            throw new HostupException(HostupErrors.NotFound, $"cannot find updater '{name}'", $"no updater for {platform} has this version or digest", "see `hostup updater list`");
        return ours.OrderBy(u => u.Version, OsVersion.TextOrder).ThenBy(u => u.PublishedAt).LastOrDefault();
    }
}
