using System.Globalization;
using System.Runtime.InteropServices;
using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Slots;

/// <summary>Finds the two root partitions from what the kernel says, never from labels.</summary>
/// <param name="sys">The sysfs tree; a recorded one in tests.</param>
/// <param name="mounts">The mount table.</param>
public sealed class BlockDevices(string sys, IReadOnlyList<Mount> mounts)
{
    /// <summary>The slot that runs and the spare one.</summary>
    /// <exception cref="HostupException"><c>slot-layout</c> or <c>same-slot</c>.</exception>
    public (Slot Running, Slot Spare) Find()
    {
        var root = mounts.LastOrDefault(m => m.MountPoint == "/") ?? throw Layout("nothing is mounted on /");
        string running = $"{sys}/dev/block/{root.Device}";
        if (!Path.Exists(running))
            throw Layout($"the running root is {root.Source} ({root.Type}), no block device");
        if (!File.Exists($"{running}/partition"))
            throw Layout($"the running root {root.Source} is no partition of a disk");
        int number = int.Parse(File.ReadAllText($"{running}/partition"), CultureInfo.InvariantCulture);
        string disk = Path.GetDirectoryName(Canonical(running))!;
        // Partition pairs of upstream's layouts: 2 and 3; 8 and 9 on intel-edison.
        int other = number switch { 2 => 3, 3 => 2, 8 => 9, 9 => 8, _ => throw Layout($"the running root is partition {number}; slots are partitions 2 and 3, or 8 and 9") };
        string spare = Directory.EnumerateDirectories(disk).FirstOrDefault(d => PartitionNumber(d) == other)
            ?? throw Layout($"the disk {Path.GetFileName(disk)} has no partition {other}");
        var (a, b) = (Describe(Canonical(running), number), Describe(spare, other));
        if (a.Device == b.Device)
            throw new HostupException(HostupErrors.SameSlot, "cannot tell the slots apart", $"both are {a.Device}", "repair the partition table");
        if (mounts.Any(m => m.Source == b.Device || m.Device == File.ReadAllText($"{spare}/dev").Trim()))
            throw Layout($"the spare slot {b.Device} is mounted");
        return (a, b);
    }

    private static Slot Describe(string directory, int number) => new(
        number is 2 or 8 ? "resin-rootA" : "resin-rootB",
        number,
        "/dev/" + Path.GetFileName(directory),
        long.Parse(File.ReadAllText($"{directory}/size"), CultureInfo.InvariantCulture) * 512); // sysfs counts sectors of 512 bytes

    private static int PartitionNumber(string directory) => File.Exists($"{directory}/partition")
        ? int.Parse(File.ReadAllText($"{directory}/partition"), CultureInfo.InvariantCulture)
        : -1;

    private static string Canonical(string link) => new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link;

    private static HostupException Layout(string why) => new(
        HostupErrors.SlotLayout, "cannot find the two root partitions", why, "see docs/device-support.md for the layouts that are served");

    /// <summary>Drops what the kernel keeps of a block device, so that the next read comes from the medium.</summary>
    public static void DropBuffers(string device)
    {
        int fd = FileCalls.Open(device, 0, 0);
        if (fd < 0)
            throw FileCalls.LastError($"cannot open {device}");
        try
        {
            if (FileCalls.Fsync(fd) != 0 || FileCalls.Ioctl(fd, FileCalls.FlushBlockBuffers, 0) != 0)
                throw new IOException($"cannot flush {device}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            _ = FileCalls.Close(fd);
        }
    }
}
