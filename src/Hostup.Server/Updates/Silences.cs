using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>Tells a stuck attempt from one that takes long: by what the device says of the attempt, not by whether the device polls.</summary>
internal sealed class Silences(HostupDb db, BlobStore blobs, Policies.Policies policies, TimeProvider time)
{
    /// <summary>The longest that a step says nothing is the engine's pull of a supervisor, 30 minutes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(45);

    /// <summary>How long an engine that does not answer is waited for in one check of the trial.</summary>
    private static readonly TimeSpan HealthCheck = TimeSpan.FromSeconds(20);

    /// <summary>A device that is seen is written down once a minute.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(2);

    /// <summary>The silence of an attempt; null: it was heard of lately, has ended, or no poll has named it yet.</summary>
    public async Task<AttemptSilence?> OfAsync(AttemptRow attempt, DateTimeOffset? deviceSeenAt, CancellationToken ct)
    {
        if (attempt.EndedAt is not null || (attempt.ReportedAt ?? attempt.DeliveredAt) is not { } since)
            return null;
        var silent = time.GetUtcNow() - since;
        if (silent <= Limit || silent <= Limit + await LongerAsync(attempt, ct))
            return null;
        return new AttemptSilence(since, deviceSeenAt > since + SeenEvery);
    }

    /// <summary>How much longer than in other states nothing may be heard of it.</summary>
    private async Task<TimeSpan> LongerAsync(AttemptRow attempt, CancellationToken ct) => attempt.State switch
    {
        AttemptStates.Trial => await TrialAsync(attempt.ReleaseId, ct),
        var state when AttemptStates.Waits(state) => await BetweenPollsAsync(attempt, ct),
        _ => TimeSpan.Zero,
    };

    /// <summary>The agent adds up to a tenth to the interval, so that a fleet does not poll together.</summary>
    private async Task<TimeSpan> BetweenPollsAsync(AttemptRow attempt, CancellationToken ct) =>
        1.1 * await policies.PollIntervalAsync(attempt.OrganisationId, await db.Devices.Where(d => d.Uuid == attempt.DeviceUuid).Select(d => d.Policy).SingleAsync(ct), ct);

    /// <summary>How long the new OS has time for its checks; one that is on trial says nothing before the verdict.</summary>
    private async Task<TimeSpan> TrialAsync(string? releaseId, CancellationToken ct)
    {
        if (releaseId is null)
            return Of(new HealthSettings()); // an OS that was gone back to: as long as any
        string digest = await db.Releases.Where(r => r.Id == releaseId).Select(r => r.EnvelopeDigest).SingleAsync(ct);
        if (blobs.Find(Digest.Parse(digest)) is not { } path)
            return TimeSpan.Zero; // a database without its blobs: the limit of all other states
        var health = ReleaseManifest.Read(Envelope.Parse(await File.ReadAllBytesAsync(path, ct)).UnverifiedPayload.Span).Health;
        return Of(health);
    }

    private static TimeSpan Of(HealthSettings health) => health.Count * (TimeSpan.FromSeconds(health.IntervalSeconds) + HealthCheck);
}
