namespace Hostup.Core.Wire;

/// <summary>How and when a device may carry out an update. Part of the target and of the plan; what is not said has the value that is named here.</summary>
public sealed record UpdatePolicy
{
    /// <summary>24 hours: a night in a garage does not end an update.</summary>
    public const int DefaultPatienceSeconds = 86_400;

    /// <summary>Seconds without any progress after which the attempt fails, 1 to 2,592,000. Time in which the policy itself forbids to fetch does not count.</summary>
    public int PatienceSeconds { get; init => field = value == 0 ? DefaultPatienceSeconds : value; } = DefaultPatienceSeconds;

    /// <summary>10 minutes: a server builds a delta in less.</summary>
    public const int DefaultDeltaWaitSeconds = 600;

    /// <summary>Seconds, 1 to 2,592,000, for which a delta that is being made or cannot be reached is waited for before the whole image is fetched in its place.</summary>
    public int DeltaWaitSeconds { get; init => field = value == 0 ? DefaultDeltaWaitSeconds : value; } = DefaultDeltaWaitSeconds;

    /// <summary>Most bytes of the image that are received a second, on average; zero: as many as come.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Most bytes that the attempt receives, on the wire: updater, image and supervisor's image; zero: as many as it takes. What was fetched is kept for the next attempt.</summary>
    public long ByteBudget { get; init; }

    /// <summary>A <see cref="TimeWindow"/>: time of day in which is fetched; empty: at any time.</summary>
    public string DownloadWindow { get; init => field = value ?? ""; } = "";

    /// <summary>A <see cref="TimeWindow"/>: time of day in which the device reboots into the new OS; empty: at any time.</summary>
    public string RebootWindow { get; init => field = value ?? ""; } = "";

    /// <summary>Nothing is fetched while the network is known to be metered.</summary>
    public bool WaitsWhileMetered { get; init; }

    /// <summary>The attempt stops at <c>ready</c>, everything fetched and verified, until this is false.</summary>
    public bool DownloadOnly { get; init; }
}
