namespace Hostup.Core.Wire;

/// <summary>How a device may fetch an update. Part of the target and of the plan; what is not said has the value that is named here.</summary>
public sealed record DownloadPolicy
{
    /// <summary>24 hours: a night in a garage does not end an update.</summary>
    public const int DefaultPatienceSeconds = 86_400;

    /// <summary>Seconds without any progress after which the attempt fails, 1 to 2,592,000.</summary>
    public int PatienceSeconds { get; init => field = value == 0 ? DefaultPatienceSeconds : value; } = DefaultPatienceSeconds;

    /// <summary>Most bytes of the image that are received a second, on average; zero: as many as come.</summary>
    public long BytesPerSecond { get; init; }

    /// <summary>Most bytes that the attempt receives for the image, on the wire; zero: as many as it takes. What was fetched is kept for the next attempt.</summary>
    public long ByteBudget { get; init; }
}
