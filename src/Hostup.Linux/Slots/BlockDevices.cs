using System.Globalization;
using System.Runtime.InteropServices;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Linux.Files;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Slots;

/// <summary>Finds the two root partitions from what the kernel says, never from labels; labels that contradict it refuse.</summary>
/// <param name="sys">The sysfs tree; a recorded one in tests.</param>
/// <param name="mounts">The mount table.</param>
/// <param name="udev">udev's database of devices; it may be missing.</param>
public sealed class BlockDevices(string sys, IReadOnlyList<Mount> mounts, string udev = "/run/udev/data")
{
    private readonly PartitionLabels _labels = new(udev);

    /// <summary>The slot that runs and the spare one.</summary>
    /// <exception cref="HostupException"><c>slot-layout</c> or <c>same-slot</c>.</exception>
    public (Slot Running, Slot Spare) Find()
    {
        var root = mounts.LastOrDefault(m => m.MountPoint == "/") ?? throw Layout("nothing is mounted on /");
        string running = $"{sys}/dev/block/{root.Device}";
        if (!Path.Exists(running))
            throw Layout($"the running root is {root.Source} ({root.Type}), no block device");
        running = Canonical(running);
        if (!File.Exists($"{running}/partition"))
            throw Layout($"the running root {root.Source} is {Kind(running)}, no partition of a disk");
        int number = PartitionNumber(running);
        string disk = Path.GetDirectoryName(running)!;
        // Partition pairs of upstream's layouts: 2 and 3; 8 and 9 on intel-edison.
        int other = number switch { 2 => 3, 3 => 2, 8 => 9, 9 => 8, _ => throw Layout($"the running root is partition {number}; slots are partitions 2 and 3, or 8 and 9") };
        string spare = Directory.EnumerateDirectories(disk).FirstOrDefault(d => PartitionNumber(d) == other)
            ?? throw Layout($"the disk {Path.GetFileName(disk)} has no partition {other}");
        RequireDistinct(running, spare);
        RequireFree("running", running);
        RequireFree("spare", spare);
        var (a, b) = (Describe(running, number), Describe(spare, other));
        if (mounts.Any(m => m.Source == b.Device || m.Device == DeviceNumber(spare)))
            throw Layout($"the spare slot {b.Device} is mounted");
        RequireLabels(disk, a, b);
        return (a, b);
    }

    /// <summary>By the device itself: two names may lead to one device.</summary>
    private static void RequireDistinct(string running, string spare)
    {
        if (DeviceNumber(running) == DeviceNumber(spare) || running == spare)
            throw Same($"partitions {PartitionNumber(running)} and {PartitionNumber(spare)} are both device {DeviceNumber(running)}", "repair the partition table");
    }

    /// <summary>A partition that a RAID array or the device mapper holds is a part of something else: writing it damages that.</summary>
    private static void RequireFree(string which, string partition)
    {
        string holders = $"{partition}/holders";
        if (Directory.Exists(holders) && Directory.EnumerateFileSystemEntries(holders).Order(StringComparer.Ordinal).FirstOrDefault() is { } holder)
            throw Layout($"the {which} slot /dev/{Path.GetFileName(partition)} is a part of {Path.GetFileName(holder)}, {Kind(Canonical(holder))}");
    }

    /// <summary>Labels on this disk that name a root slot must name the one they lie on; no label at all is fine. Other disks are not looked at.</summary>
    private void RequireLabels(string disk, Slot running, Slot spare)
    {
        var named = Directory.EnumerateDirectories(disk).Order(StringComparer.Ordinal).Where(d => PartitionNumber(d) > 0)
            .SelectMany(d => _labels.Of(d, DeviceNumber(d)).Where(SlotName.Is).Select(label => (Device: "/dev/" + Path.GetFileName(d), Label: label))).ToList();
        foreach (var slot in new[] { running, spare })
        {
            var labels = named.Where(n => n.Device == slot.Device).Select(n => n.Label).Distinct().ToList();
            if (labels.Count > 1)
                throw Same($"{string.Join(" and ", labels)} are both {slot.Device}", $"name partition and file system of {slot.Device} {slot.Label}: `sfdisk --part-label`, `e2label`");
        }
        foreach (var same in named.Distinct().GroupBy(n => n.Label).Where(g => g.Count() > 1))
            throw Layout($"{string.Join(" and ", same.Select(n => n.Device))} are both named {same.Key}", $"name them after their numbers, {running.Device} {running.Label} and {spare.Device} {spare.Label}: `sfdisk --part-label`, `e2label`");
        foreach (var slot in new[] { running, spare })
        {
            if (named.FirstOrDefault(n => n.Device == slot.Device) is { Label: { } label } && !PartitionLabels.Same(label, slot.Label))
                throw Layout($"{slot.Device} is named {label}, but its number makes it {slot.Label}", $"name it {slot.Label}: `sfdisk --part-label`, `e2label`");
        }
    }

    private static Slot Describe(string directory, int number) => new(
        number is 2 or 8 ? "resin-rootA" : "resin-rootB",
        number,
        "/dev/" + Path.GetFileName(directory),
        long.Parse(File.ReadAllText($"{directory}/size"), CultureInfo.InvariantCulture) * 512); // sysfs counts sectors of 512 bytes

    private static int PartitionNumber(string directory) => File.Exists($"{directory}/partition")
        ? int.Parse(File.ReadAllText($"{directory}/partition"), CultureInfo.InvariantCulture)
        : -1;

    private static string DeviceNumber(string directory) => File.ReadAllText($"{directory}/dev").Trim();

    private static string Kind(string directory) =>
        Directory.Exists($"{directory}/md") ? $"a RAID array ({Text($"{directory}/md/level")})"
        : Directory.Exists($"{directory}/dm") ? $"a device-mapper device ({Text($"{directory}/dm/name")})"
        : "a block device";

    private static string Text(string path) => File.Exists(path) ? File.ReadAllText(path).Trim() : "unknown";

    private static string Canonical(string link) => new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link;

    private static HostupException Layout(string why, string whatToDo = "see docs/device-support.md for the layouts that are served") =>
        new(HostupErrors.SlotLayout, "cannot find the two root partitions", why, whatToDo);

    private static HostupException Same(string why, string whatToDo) => new(HostupErrors.SameSlot, "cannot tell the slots apart", why, whatToDo);

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
