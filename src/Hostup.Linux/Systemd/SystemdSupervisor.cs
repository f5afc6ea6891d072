using Hostup.Linux.Processes;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Systemd;

/// <summary>The supervisor as a systemd unit with a container and an update timer, under its present or its older name.</summary>
public sealed class SystemdSupervisor(CommandRunner commands, Engine.DockerEngine engine) : ISupervisor
{
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";
    private static readonly string[] UnitFolders = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
    private readonly string? _name = new[] { "balena-supervisor", "resin-supervisor" }.FirstOrDefault(n => UnitFolders.Any(f => File.Exists($"{f}/{n}.service")));

    /// <inheritdoc/>
    public bool IsInstalled => _name is not null;

    /// <inheritdoc/>
    public async ValueTask<bool> IsRunningAsync(CancellationToken ct) =>
        (await commands.RunAsync(Systemctl, ["is-active", "--quiet", $"{_name}.service"], ct).ConfigureAwait(false)).ExitCode == 0;

    /// <inheritdoc/>
    public async ValueTask StopAsync(CancellationToken ct)
    {
        await commands.RequireAsync(Systemctl, ["stop", $"update-{_name}.timer", $"{_name}.service"], ct).ConfigureAwait(false);
        // The unit may leave its container behind, running; upstream removes both names.
        await engine.RemoveContainerAsync("balena_supervisor", ct).ConfigureAwait(false);
        await engine.RemoveContainerAsync("resin_supervisor", ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask StartAsync(CancellationToken ct) =>
        await commands.RequireAsync(Systemctl, ["start", "--no-block", $"{_name}.service", $"update-{_name}.timer"], ct).ConfigureAwait(false);
}
