namespace Hostup.Lab.Sim;

/// <summary>A state partition that takes nothing from an effect on: it can be read, and what was written before is seen until the next boot.</summary>
/// <param name="from">Number of the first effect that fails.</param>
/// <param name="onlyFlushes">Whether writes are taken, into memory, and only flushes fail; else it is read-only, as ext4 is after an error.</param>
/// <param name="untilReboot">Whether the next boot finds it well.</param>
public sealed class SimStateFault(int from, bool onlyFlushes, bool untilReboot)
{
    private int _boot;

    /// <summary>Whether it has ended for good, whatever was said before.</summary>
    public bool IsMended { get; set; }

    /// <summary>Whether something failed.</summary>
    public bool Struck => _boot > 0;

    /// <summary>Why this act fails; null: it does not.</summary>
    internal string? Of(SimDevice device, string act)
    {
        bool flush = act.StartsWith("flush", StringComparison.Ordinal);
        if (!IsOn(device) || (onlyFlushes && !flush))
            return null;
        if (!Struck)
            _boot = device.Boots;
        return flush ? "input/output error" : "read-only file system";
    }

    /// <summary>Processes have ended and the device reboots in good order: what is in memory only reaches a medium that takes it.</summary>
    internal void WriteOut(SimDevice device, Unflushed unflushed)
    {
        if (IsOn(device))
            device.State.PowerCut(unflushed);
    }

    private bool IsOn(SimDevice device) => !IsMended && device.Power.Effects >= from && (!Struck || !untilReboot || _boot == device.Boots);
}
