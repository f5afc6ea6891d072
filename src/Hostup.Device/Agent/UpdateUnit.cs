using Hostup.Linux.Processes;

namespace Hostup.Device.Agent;

/// <summary>The transient unit that runs an update process, with mounts of its own. It lives on when the agent is restarted.</summary>
internal sealed class UpdateUnit(CommandRunner commands)
{
    private const string Name = "hostup-update";
    private const string Systemctl = "/usr/bin/systemctl|/bin/systemctl";

    public async Task<bool> IsActiveAsync(CancellationToken ct)
    {
        string state = (await commands.RunAsync(Systemctl, ["is-active", $"{Name}.service"], ct).ConfigureAwait(false)).Output.Trim();
        return state is "active" or "activating" or "deactivating" or "reloading";
    }

    /// <summary>Starts a program in it.</summary>
    public async Task StartAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct)
    {
        await commands.RunAsync(Systemctl, ["reset-failed", $"{Name}.service"], ct).ConfigureAwait(false);
        await commands.RequireAsync(
            "/usr/bin/systemd-run",
            [
                $"--unit={Name}", "--collect", "--description=Host OS update",
                "--property=PrivateMounts=yes", "--property=Type=exec",
                // A process that is killed or dies of a bug is started again and goes on; an update that ended is not.
                "--property=Restart=on-abnormal", "--property=RestartSec=1",
                "--property=Environment=DOTNET_GCHeapHardLimit=0x2800000", // 40 MiB of managed heap, so that the process stays below 64 MiB
                "--property=Environment=DOTNET_GCgen0size=0x400000", // 4 MiB before a collection; by default the processor's cache decides
                "--property=Environment=DOTNET_TieredPGO=0",
                program, "update", .. arguments,
            ],
            ct).ConfigureAwait(false);
    }
}
