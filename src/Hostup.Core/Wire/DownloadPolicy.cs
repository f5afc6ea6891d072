namespace Hostup.Core.Wire;

/// <summary>How a device may fetch an update. Part of the target and of the plan; what is not said has the value that is named here.</summary>
public sealed record DownloadPolicy
{
    /// <summary>24 hours: a night in a garage does not end an update.</summary>
    public const int DefaultPatienceSeconds = 86_400;

    /// <summary>Seconds without any progress after which the attempt fails, 1 to 2,592,000.</summary>
    public int PatienceSeconds { get; init => field = value == 0 ? DefaultPatienceSeconds : value; } = DefaultPatienceSeconds;
}
