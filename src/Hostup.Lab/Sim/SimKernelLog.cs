using Hostup.Updates.Ports;

namespace Hostup.Lab.Sim;

/// <summary>Firmware that keeps a kernel's last messages over a reset and over a power cut.</summary>
public sealed class SimKernelLog(SimDevice device) : IKernelLog
{
    private readonly SortedDictionary<string, string> _records = new(StringComparer.Ordinal);
    private int _panics;

    public IReadOnlyList<string> Records => Fault is { } why ? throw new IOException(why) : [.. _records.Keys];

    /// <summary>Why nothing can be read; null: it can.</summary>
    public string? Fault { get; set; }

    public string Read(string record) => _records[record];

    public void Remove(string record)
    {
        device.Power.Effect($"remove kernel record {record}");
        _records.Remove(record);
    }

    /// <summary>A kernel died.</summary>
    public void Add(string text) => _records[$"dmesg-{++_panics:000}"] = text;

    /// <summary>The kernel that was booted panics, and the machine resets; nothing was pending.</summary>
    /// <returns>False: the device does not rest.</returns>
    internal bool Panic()
    {
        Add($"Panic#{_panics + 1} Part1\n<0>[    1.2] Kernel panic - not syncing: {device.RunningRelease?.Version ?? "no init"}\n");
        return false;
    }
}
