namespace Hostup.Updates.Ports;

/// <summary>The verdict of one health check.</summary>
/// <param name="Name">For example <c>engine</c>.</param>
/// <param name="Required">A failing required check rolls back; a failing wanted one is a warning.</param>
/// <param name="Passed">Whether it passed.</param>
/// <param name="Saw">What it saw, for people.</param>
public sealed record HealthResult(string Name, bool Required, bool Passed, string Saw);

/// <summary>Health checks of the OS that runs.</summary>
public interface IHealthChecks
{
    /// <summary>Runs every check once.</summary>
    /// <param name="variables">Names of what was healthy on the old OS: a check whose name is missing there passes.</param>
    /// <param name="ct">Stops between checks.</param>
    ValueTask<IReadOnlyList<HealthResult>> RunAsync(IReadOnlySet<string> variables, CancellationToken ct);
}
