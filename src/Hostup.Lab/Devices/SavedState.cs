using System.Text.Json;
using Hostup.Lab.Qemu;

namespace Hostup.Lab.Devices;

/// <summary>
/// A whole machine on files: memory and processors, firmware variables, disk. Devices that go on from it write to overlays, so it
/// serves any number of them, also at the same time.
/// </summary>
/// <param name="Folder">Folder of the files.</param>
/// <param name="Machine">The hardware that it fits.</param>
/// <remarks>A migration to a file and not a snapshot inside the disk: it also loads into a machine whose disk writes are logged.</remarks>
public sealed record SavedState(string Folder, QemuMachine Machine)
{
    /// <summary>Disk at the moment of saving.</summary>
    public string Disk => Path.Combine(Folder, "disk.qcow2");

    /// <summary>Firmware variables at the moment of saving, where the firmware keeps any.</summary>
    public string FirmwareVariables => Path.Combine(Folder, "vars.qcow2");

    /// <summary>Memory and processors.</summary>
    public string MachineState => Path.Combine(Folder, "machine.state");

    /// <summary>Saves a device into a folder and ends it.</summary>
    public static async Task SaveAsync(VirtualDevice device, QemuMachine machine, string folder, CancellationToken ct)
    {
        var saved = new SavedState(folder, machine);
        await device.SaveAsync(saved.MachineState, ct);
        File.Move(device.Record.Disk, saved.Disk);
        if (machine.Loader.FirmwareVariables is not null)
            File.Move(device.Record.FirmwareVariables, saved.FirmwareVariables);
        File.Copy(device.Record.SerialLog, Path.Combine(folder, "serial.log"));
        await File.WriteAllTextAsync(Path.Combine(folder, "machine.json"), JsonSerializer.Serialize(machine), ct);
        await device.StopAsync(ct);
    }

    /// <summary>Reads what was saved into a folder.</summary>
    public static SavedState Load(string folder) =>
        new(folder, JsonSerializer.Deserialize<QemuMachine>(File.ReadAllText(Path.Combine(folder, "machine.json")))!);
}
