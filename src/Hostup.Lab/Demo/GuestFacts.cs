using Hostup.Lab.Devices;
using Hostup.Lab.Disks;

namespace Hostup.Lab.Demo;

/// <summary>What the guest itself says it is: not what our programs report of it.</summary>
/// <param name="OsVersion">VERSION of its os-release.</param>
/// <param name="Kernel">uname -r.</param>
/// <param name="Slot">Partition name of the mounted root; with MBR, which has no names, that of its number.</param>
public sealed record GuestFacts(string OsVersion, string Kernel, string Slot)
{
    /// <summary>Asks it.</summary>
    public static async Task<GuestFacts> ReadAsync(VirtualDevice device, CancellationToken ct)
    {
        string version = (await device.RunAsync(["sh", "-c", ". /etc/os-release; echo $VERSION"], ct)).Trim();
        string kernel = (await device.RunAsync(["uname", "-r"], ct)).Trim();
        string source = (await device.RunAsync(["findmnt", "--noheadings", "--output", "SOURCE", "/"], ct)).Trim();
        string slot = (await device.RunAsync(["lsblk", "--noheadings", "--output", "PARTLABEL", source], ct)).Trim();
        return new GuestFacts(version, kernel, slot.Length > 0 ? slot : DiskLayout.Full.Partitions.SingleOrDefault(p => source.EndsWith($"vda{p.Number}", StringComparison.Ordinal))?.Name ?? source);
    }
}
