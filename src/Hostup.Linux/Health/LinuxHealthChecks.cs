using Hostup.Core.Errors;
using Hostup.Linux.Engine;
using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Health;

/// <summary>
/// Health of the OS this program runs on: the engine, the VPN and the way to the server if they were up before, the board's own check, those that
/// the OS builder added, and the supervisor. docs/rollback.md lists them.
/// </summary>
/// <param name="engine">The container engine.</param>
/// <param name="supervisor">The supervisor.</param>
/// <param name="commands">Runs the checks that are programs.</param>
/// <param name="server">Asks the server whether it can be reached; null: the device has none.</param>
/// <param name="root">Put before the paths of checks and units; empty on a device.</param>
public sealed class LinuxHealthChecks(DockerEngine engine, ISupervisor supervisor, CommandRunner commands, IServerReach? server, string root = "") : IHealthChecks
{
    /// <summary>Upstream's name for a check of the board's maker.</summary>
    public const string BoardCheck = "/usr/bin/rollback-board-healthcheck";

    /// <summary>Programs that the OS builder adds; each in <c>required</c> or <c>wanted</c>.</summary>
    public const string Folder = "/etc/hostup/health.d";

    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";
    private const int MostSaid = 300;
    // A check that hangs is a check that fails; several of them fit the pause between two rounds.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    // Units of upstream's VPN, old and new.
    private static readonly string[] VpnUnits = ["openvpn.service", "openvpn-resin.service", "resin-vpn.service"];
    private static readonly string[] UnitFolders = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<HealthResult>> RunAsync(CancellationToken ct)
    {
        var results = new List<HealthResult>();
        string? fault = await engine.PingAsync(ct).ConfigureAwait(false);
        results.Add(new HealthResult("engine", Required: true, fault is null, fault ?? "answers"));
        if (VpnUnits.FirstOrDefault(u => UnitFolders.Any(f => File.Exists($"{root}{f}/{u}"))) is { } vpn)
            results.Add(new HealthResult("vpn", Required: true, await IsActiveAsync(vpn, ct).ConfigureAwait(false) is var up && up, up ? "its unit is active" : $"unit {vpn} is not active") { OnlyIfBefore = true });
        if (server is not null)
        {
            string? unreached = await server.FaultAsync(ct).ConfigureAwait(false);
            results.Add(new HealthResult("server", Required: true, unreached is null, unreached ?? "answers") { OnlyIfBefore = true });
        }
        if (File.Exists(root + BoardCheck))
            results.Add(await RunProgramAsync("board", required: true, BoardCheck, ct).ConfigureAwait(false));
        foreach (bool required in new[] { true, false })
        {
            foreach (string program in ProgramsIn($"{Folder}/{(required ? "required" : "wanted")}"))
                results.Add(await RunProgramAsync(Path.GetFileName(program), required, program, ct).ConfigureAwait(false));
        }
        if (supervisor.IsInstalled)
        {
            bool runs = await supervisor.IsRunningAsync(ct).ConfigureAwait(false);
            results.Add(new HealthResult(HealthResult.Supervisor, Required: false, runs, runs ? "runs" : "its unit is not active") { OnlyIfBefore = true });
        }
        return results;
    }

    private IEnumerable<string> ProgramsIn(string folder) => !Directory.Exists(root + folder) ? []
        : Directory.EnumerateFiles(root + folder).Order(StringComparer.Ordinal).Select(f => $"{folder}/{Path.GetFileName(f)}").ToList();

    private async ValueTask<bool> IsActiveAsync(string unit, CancellationToken ct) =>
        (await commands.RunAsync(Systemctl, ["is-active", "--quiet", unit], ct).ConfigureAwait(false)).ExitCode == 0;

    // The last line says why, as a rule.
    private async ValueTask<HealthResult> RunProgramAsync(string name, bool required, string program, CancellationToken ct)
    {
        try
        {
            var result = await commands.RunAsync(program, [], ct, Patience).ConfigureAwait(false);
            string said = (string.IsNullOrWhiteSpace(result.Error) ? result.Output : result.Error).Trim().Split('\n')[^1].Trim();
            said = said.Length > MostSaid ? said[..MostSaid] : said;
            return new HealthResult(name, required, result.ExitCode == 0, result.ExitCode == 0 ? "passes" : $"exit code {result.ExitCode}{(said.Length > 0 ? $": {said}" : "")}");
        }
        catch (HostupException e)
        {
            return new HealthResult(name, required, Passed: false, e.Why);
        }
    }
}

/// <summary>The way to the device's server.</summary>
public interface IServerReach
{
    /// <summary>Asks the server whether it is there.</summary>
    /// <returns>Null when it answers, else what was seen.</returns>
    ValueTask<string?> FaultAsync(CancellationToken ct);
}
