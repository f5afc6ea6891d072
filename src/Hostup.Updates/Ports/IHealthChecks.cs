namespace Hostup.Updates.Ports;

/// <summary>The verdict of one health check.</summary>
/// <param name="Name">For example <c>engine</c>.</param>
/// <param name="Required">A failing required check rolls back; a failing wanted one is a warning.</param>
/// <param name="Passed">Whether it passed.</param>
/// <param name="Saw">What it saw, for people.</param>
public sealed record HealthResult(string Name, bool Required, bool Passed, string Saw)
{
    /// <summary>Name of the check of the supervisor, which is stopped while an update runs: whether it ran is seen before.</summary>
    public const string Supervisor = "supervisor";

    /// <summary>Whether it counts only when the old OS passed it before the switch: a link that was down is not the new OS's fault.</summary>
    public bool OnlyIfBefore { get; init; }
}

/// <summary>Health checks of the OS that runs.</summary>
public interface IHealthChecks
{
    /// <summary>Runs every check once.</summary>
    ValueTask<IReadOnlyList<HealthResult>> RunAsync(CancellationToken ct);
}
