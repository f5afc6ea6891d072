using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>Hooks of simulated releases: each leaves the version of its OS on the board, where nothing else changes it.</summary>
public sealed class SimHooks(SimDevice device) : IHooks
{
    /// <summary>What ran, in order: <c>name of VERSION during 1 in new root traced</c>.</summary>
    public List<string> Ran { get; } = [];

    /// <summary>Version of the OS whose forward hooks left their state last; empty: none did.</summary>
    public string Board { get; private set; } = "";

    /// <summary>Why a hook fails, by its name and the version of its OS; null: it does not.</summary>
    public Func<string, string, string?>? Fault { get; set; }

    public ValueTask<HookEnd> RunAsync(HookCall call, CancellationToken ct)
    {
        string version = (call.Root.Length > 0 ? device.KnownBy(device.SpareSlot) : device.RunningRelease)?.Version ?? "?";
        device.MustNotInterfere("a hook runs");
        device.Power.Effect($"hook {call.Name}");
        Ran.Add($"{call.Name} of {version} during {(call.DuringUpdate ? 1 : 0)}{(call.InOwnRoot ? " in new root" : "")}{(call.Traced ? " traced" : "")}");
        if (Fault?.Invoke(call.Name, version) is { } fault)
            return ValueTask.FromResult(new HookEnd(fault, "first line\nno such device"));
        if (call.InOwnRoot || call.Root.Length == 0)
            Board = version;
        return ValueTask.FromResult(new HookEnd(null, ""));
    }
}
