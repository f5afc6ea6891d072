using Hostup.Core.Wire;

namespace Hostup.Server.Updates;

/// <summary>Tells a stuck attempt from one that takes long: by what the device says of the attempt, not by whether the device polls.</summary>
internal static class Silences
{
    /// <summary>The longest that a step says nothing is the engine's pull of a supervisor, 30 minutes.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(45);

    /// <summary>A device that is seen is written down once a minute.</summary>
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(2);

    /// <summary>The silence of an attempt; null: it was heard of lately, has ended, or no poll has named it yet.</summary>
    public static AttemptSilence? Of(AttemptRow attempt, DateTimeOffset? deviceSeenAt, DateTimeOffset now) =>
        attempt.EndedAt is null && (attempt.ReportedAt ?? attempt.DeliveredAt) is { } since && now - since > Limit
            ? new AttemptSilence(since, deviceSeenAt > since + SeenEvery)
            : null;
}
