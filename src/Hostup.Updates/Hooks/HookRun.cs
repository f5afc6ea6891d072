using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Config;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Hooks;

/// <summary>Runs the hooks of one root, stage by stage. They may be cut at any moment and are run again then: upstream asks of each that it can be repeated.</summary>
/// <param name="device">The device.</param>
/// <param name="root">Where the root is mounted; empty: the OS that runs.</param>
/// <param name="duringUpdate">Whether the good files are in the slot that does not run.</param>
/// <param name="say">Told what each hook said, for the log.</param>
public sealed class HookRun(DevicePorts device, string root, bool duringUpdate, Action<string> say)
{
    /// <summary>Runs those of a stage in order, until one fails.</summary>
    /// <exception cref="HostupException"><c>hook</c>, with its name and what it said last.</exception>
    /// <exception cref="IOException">The boot partition cannot be opened for writing.</exception>
    public async ValueTask RunAsync(HookStage stage, CancellationToken ct)
    {
        var hooks = HookFolder.In(device.Files.ListFiles(root + HookFolder.Place), stage);
        if (hooks is [])
            return;
        bool traced = IsTraced();
        using var boot = device.Files.OpenForWriting(Places.Boot);
        foreach (string name in hooks)
        {
            var call = new HookCall(name, root, InOwnRoot: root.Length > 0 && stage is (HookStage.Forward or HookStage.Cleanup), duringUpdate) { Traced = traced };
            var end = await device.Hooks.RunAsync(call, ct).ConfigureAwait(false);
            string output = end.Output.Trim();
            say($"hook {name}: {end.Fault ?? "passed"}{(output.Length > 0 ? $": {output.ReplaceLineEndings("; ")}" : "")}");
            if (end.Fault is { } fault)
                throw new HostupException(HostupErrors.Hook, $"cannot run hook {name}", output.Length > 0 ? $"{fault}: {output.Split('\n')[^1].Trim()}" : fault, "read the log of the attempt; sign the release again with a hook that is mended");
        }
    }

    /// <summary>The same for hooks whose failure decides nothing.</summary>
    /// <returns>Why one failed; null: none did.</returns>
    public async ValueTask<string?> TryAsync(HookStage stage, CancellationToken ct)
    {
        try
        {
            await RunAsync(stage, ct).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is IOException || (e as HostupException)?.Code == HostupErrors.Hook)
        {
            return e.Message;
        }
    }

    // Upstream's setting and its value, as text or as number; a file that cannot be read asks for nothing.
    private bool IsTraced()
    {
        try
        {
            return new ConfigFile(device.Files).Load()["debug"] is JsonValue value && value.ToString() == "1";
        }
        catch (HostupException)
        {
            return false;
        }
    }
}
