using Hostup.Core.Errors;

namespace Hostup.Core.Wire;

/// <summary>
/// What somebody says of the policy: for all devices, for one, for one attempt, or by hand on the device. Null: nothing, what is said for
/// more devices counts.
/// </summary>
public sealed record PolicySettings
{
    private const int MostPatienceSeconds = 2_592_000;
    private const int LongestPollSeconds = 86_400;

    /// <summary>As in <see cref="UpdatePolicy.PatienceSeconds"/>.</summary>
    public int? PatienceSeconds { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.DeltaWaitSeconds"/>.</summary>
    public int? DeltaWaitSeconds { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.BytesPerSecond"/>.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.ByteBudget"/>.</summary>
    public long? ByteBudget { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.DownloadWindow"/>.</summary>
    public string? DownloadWindow { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.RebootWindow"/>.</summary>
    public string? RebootWindow { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.WaitsWhileMetered"/>.</summary>
    public bool? WaitsWhileMetered { get; init; }

    /// <summary>As in <see cref="UpdatePolicy.DownloadOnly"/>.</summary>
    public bool? DownloadOnly { get; init; }

    /// <summary>Seconds between two polls, 1 to 86,400; the server's own setting when nobody says it. Of no use for an attempt or on the device.</summary>
    public int? PollSeconds { get; init; }

    /// <summary>These settings, and below them others.</summary>
    public PolicySettings Over(PolicySettings below) => new()
    {
        PatienceSeconds = PatienceSeconds ?? below.PatienceSeconds,
        DeltaWaitSeconds = DeltaWaitSeconds ?? below.DeltaWaitSeconds,
        BytesPerSecond = BytesPerSecond ?? below.BytesPerSecond,
        ByteBudget = ByteBudget ?? below.ByteBudget,
        DownloadWindow = DownloadWindow ?? below.DownloadWindow,
        RebootWindow = RebootWindow ?? below.RebootWindow,
        WaitsWhileMetered = WaitsWhileMetered ?? below.WaitsWhileMetered,
        DownloadOnly = DownloadOnly ?? below.DownloadOnly,
        PollSeconds = PollSeconds ?? below.PollSeconds,
    };

    /// <summary>The policy that comes of them.</summary>
    /// <param name="below">What counts where they say nothing.</param>
    public UpdatePolicy Over(UpdatePolicy below) => new()
    {
        PatienceSeconds = PatienceSeconds ?? below.PatienceSeconds,
        DeltaWaitSeconds = DeltaWaitSeconds ?? below.DeltaWaitSeconds,
        BytesPerSecond = BytesPerSecond ?? below.BytesPerSecond,
        ByteBudget = ByteBudget ?? below.ByteBudget,
        DownloadWindow = DownloadWindow ?? below.DownloadWindow,
        RebootWindow = RebootWindow ?? below.RebootWindow,
        WaitsWhileMetered = WaitsWhileMetered ?? below.WaitsWhileMetered,
        DownloadOnly = DownloadOnly ?? below.DownloadOnly,
    };

    /// <summary>Refuses what no policy can be.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public void Require()
    {
        InRange("patience", PatienceSeconds, 1, MostPatienceSeconds);
        InRange("wait for a delta", DeltaWaitSeconds, 1, MostPatienceSeconds);
        InRange("poll interval", PollSeconds, 1, LongestPollSeconds);
        InRange("rate limit", BytesPerSecond, 0, long.MaxValue);
        InRange("byte budget", ByteBudget, 0, long.MaxValue);
        foreach (string window in new[] { DownloadWindow, RebootWindow }.OfType<string>().Where(w => w.Length > 0))
            TimeWindow.Parse(window);
    }

    private static void InRange(string what, long? value, long least, long most)
    {
        if (value < least || value > most)
            throw new HostupException(HostupErrors.BadValue, $"cannot use {value} as {what}", most == long.MaxValue ? "it is below zero" : $"it is not within {least} and {most} seconds", "give another number");
    }
}
