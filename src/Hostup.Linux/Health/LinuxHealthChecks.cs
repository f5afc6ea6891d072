using Hostup.Linux.Engine;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Health;

/// <summary>Health of the OS this program runs on. The engine is required, as in upstream's rollback-tests; the supervisor is wanted.</summary>
public sealed class LinuxHealthChecks(DockerEngine engine, ISupervisor supervisor) : IHealthChecks
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<HealthResult>> RunAsync(IReadOnlySet<string> variables, CancellationToken ct)
    {
        var results = new List<HealthResult>();
        string? fault = await engine.PingAsync(ct).ConfigureAwait(false);
        results.Add(new HealthResult("engine", Required: true, fault is null, fault ?? "answers"));
        if (supervisor.IsInstalled)
        {
            bool runs = await supervisor.IsRunningAsync(ct).ConfigureAwait(false);
            results.Add(new HealthResult("supervisor", Required: false, runs, runs ? "runs" : "its unit is not active"));
        }
        return results;
    }
}
