using Hostup.Linux.Processes;

namespace Hostup.Device.Agent;

/// <summary>The transient unit that runs an update process, with mounts of its own. It lives on when the agent is restarted.</summary>
/// <param name="commands">Runs programs.</param>
/// <param name="root">Put before /run and /proc; empty on a device, a folder in tests.</param>
internal sealed class UpdateUnit(CommandRunner commands, string root = "")
{
    private const string Name = "hostup-update";
    private const string SystemdRun = "/usr/bin/systemd-run";

    private static readonly string[] Properties =
    [
        $"--unit={Name}", "--collect", "--description=Host OS update",
        "--property=PrivateMounts=yes", "--property=Type=exec",
        "--property=Environment=DOTNET_GCHeapHardLimit=0x2800000", // 40 MiB of managed heap, so that the process stays below 64 MiB
        "--property=Environment=DOTNET_TieredPGO=0",
        // The longest silence that is none of a fault is that of an engine that unpacks an image: half an hour.
        "--property=WatchdogSec=40min", "--property=NotifyAccess=main",
    ];

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
            SystemdRun,
            [
                .. Properties,
                // A process that is killed, dies of a bug or stands still is started again and goes on; an update that ended is not.
                "--property=Restart=on-abnormal", "--property=RestartSec=1",
                program, "update", .. arguments,
            ],
            ct).ConfigureAwait(false);
    }

    /// <summary>Whether this process runs outside of the unit on a machine whose service manager can start it.</summary>
    public bool IsMissing => Directory.Exists(root + "/run/systemd/system") && !File.ReadAllText(root + "/proc/self/cgroup").Contains($"/{Name}.service", StringComparison.Ordinal);

    /// <summary>Runs an update that somebody asked for by hand in the unit too: with mounts of its own, watched by the agent, its output here.</summary>
    /// <returns>Its exit code.</returns>
    public ValueTask<int> RunAttachedAsync(string program, IReadOnlyList<string> arguments, CancellationToken ct) => commands.RunAttachedAsync(
        SystemdRun, [.. Properties, "--quiet", "--pipe", "--wait", $"--working-directory={Environment.CurrentDirectory}", program, "update", .. arguments], ct);
}
