using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;

namespace Hostup.Lab.Devices;

/// <summary>What other processes need to know of a virtual device; one file per device name.</summary>
/// <param name="Name">Name of the device.</param>
/// <param name="Qemu">The virtual machine; null while it is powered off.</param>
/// <param name="Owner">The process that the device ends with; null for one that stays.</param>
/// <param name="Companions">Other processes that end with the device, for example its server.</param>
/// <param name="DiskFolder">Folder with disk, firmware variables and serial log.</param>
public sealed record DeviceRecord(
    string Name, ProcessIdentity? Qemu, ProcessIdentity? Owner, IReadOnlyList<ProcessIdentity> Companions, string DiskFolder)
{
    /// <summary>Folder of the records and sockets: short, because a socket's path has at most 107 bytes (unix(7)).</summary>
    /// <remarks>Not in the folder of a login: a device that stays outlives it.</remarks>
    public static string RegistryFolder => Environment.IsPrivilegedProcess ? "/run/hostup-lab" : $"/tmp/hostup-lab-{Environment.UserName}";

    /// <summary>Folder of this device's sockets and record.</summary>
    [JsonIgnore]
    public string RuntimeFolder => Path.Combine(RegistryFolder, Name);

    /// <summary>Monitor of the virtual machine.</summary>
    [JsonIgnore]
    public string MonitorSocket => Path.Combine(RuntimeFolder, "qmp");

    /// <summary>Port of the guest agent.</summary>
    [JsonIgnore]
    public string AgentSocket => Path.Combine(RuntimeFolder, "agent");

    /// <summary>File that receives the serial console of all boots.</summary>
    [JsonIgnore]
    public string SerialLog => Path.Combine(DiskFolder, "serial.log");

    /// <summary>Overlay over the disk image.</summary>
    [JsonIgnore]
    public string Disk => Path.Combine(DiskFolder, "disk.qcow2");

    /// <summary>Overlay over the firmware's variables.</summary>
    [JsonIgnore]
    public string FirmwareVariables => Path.Combine(DiskFolder, "vars.qcow2");

    /// <summary>Reads the record of a device; null when there is none of that name.</summary>
    public static DeviceRecord? Load(string name)
    {
        string path = Path.Combine(RegistryFolder, name, "device.json");
        try
        {
            return JsonSerializer.Deserialize<DeviceRecord>(File.ReadAllText(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Reads the record of a device that must exist.</summary>
    /// <exception cref="HostupException"><c>lab</c>: there is none.</exception>
    public static DeviceRecord Get(string name) => Load(name) ?? throw new HostupException(HostupErrors.Lab, $"cannot find device '{name}'",
        "no virtual device of that name was started", "run: hostup-lab list");

    /// <summary>All records.</summary>
    public static IReadOnlyList<DeviceRecord> All() => !Directory.Exists(RegistryFolder) ? []
        : [.. Directory.EnumerateDirectories(RegistryFolder).Order(StringComparer.Ordinal).Select(f => Load(Path.GetFileName(f))).OfType<DeviceRecord>()];

    /// <summary>Writes the record.</summary>
    public void Save()
    {
        Directory.CreateDirectory(RuntimeFolder);
        string path = Path.Combine(RuntimeFolder, "device.json");
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Ends the virtual machine and its companions, and removes record and disk; the serial log is kept for a while.</summary>
    public async Task EndAsync(CancellationToken ct)
    {
        foreach (var process in Companions)
            await process.KillAsync(ct);
        if (Qemu is not null)
            await Qemu.KillAsync(ct);
        if (Unrecorded() is { } unrecorded)
            await unrecorded.KillAsync(ct);
        if (Directory.Exists(DiskFolder))
        {
            KeptSerialLogs.Keep(SerialLog, DiskFolder);
            Directory.Delete(DiskFolder, recursive: true);
        }
        if (Directory.Exists(RuntimeFolder))
            Directory.Delete(RuntimeFolder, recursive: true);
    }

    /// <summary>A virtual machine whose starter was killed before it could record it; QEMU itself wrote the process id.</summary>
    private ProcessIdentity? Unrecorded()
    {
        string file = Path.Combine(RuntimeFolder, "pid");
        if (!File.Exists(file) || !int.TryParse(File.ReadAllText(file), out int pid) || ProcessIdentity.Of(pid) is not { } process)
            return null;
        return File.ReadAllText($"/proc/{pid}/cmdline").Contains(file, StringComparison.Ordinal) ? process : null;
    }

    /// <summary>Ends devices whose owner is gone: a test run that was killed leaves virtual machines behind.</summary>
    public static async Task EndAbandonedAsync(CancellationToken ct)
    {
        foreach (var record in All().Where(r => r.Owner is { IsRunning: false }))
            await record.EndAsync(ct);
    }
}
