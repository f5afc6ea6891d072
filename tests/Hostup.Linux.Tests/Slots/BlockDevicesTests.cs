using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Hostup.Linux.Slots;

namespace Hostup.Linux.Tests.Slots;

/// <summary>Finding the slots in a recorded sysfs tree.</summary>
public sealed class BlockDevicesTests : IDisposable
{
    private readonly string _sys = Directory.CreateTempSubdirectory("hostup-sys-").FullName;

    public void Dispose() => Directory.Delete(_sys, recursive: true);

    [Theory]
    [InlineData(2, "resin-rootA", 3, "resin-rootB")]
    [InlineData(3, "resin-rootB", 2, "resin-rootA")]
    [InlineData(8, "resin-rootA", 9, "resin-rootB")]
    public void The_spare_is_the_other_partition_of_the_pair_on_the_same_disk(int running, string label, int spare, string spareLabel)
    {
        Disk("vda", running, spare);

        var (found, other) = Find($"254:{running}");

        Assert.Equal((label, running, $"/dev/vda{running}"), (found.Label, found.PartitionNumber, found.Device));
        Assert.Equal((spareLabel, spare, $"/dev/vda{spare}", 100L << 20), (other.Label, other.PartitionNumber, other.Device, other.SizeBytes));
    }

    [Theory]
    [InlineData("0:25", "no block device")]
    [InlineData("254:0", "no partition of a disk")]
    [InlineData("254:5", "slots are partitions 2 and 3")]
    [InlineData("254:2", "has no partition 3")]
    public void A_layout_that_is_not_served_is_refused_with_its_reason(string root, string reason)
    {
        Disk("vda", 2, 5);

        var error = Assert.Throws<HostupException>(() => Find(root));

        Assert.Equal(HostupErrors.SlotLayout, error.Code);
        Assert.Contains(reason, error.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_spare_that_is_mounted_is_refused()
    {
        Disk("vda", 2, 3);

        var error = Assert.Throws<HostupException>(() => Find("254:2", new Mount("254:3", "/mnt/x", false, "ext4", "/dev/vda3")));

        Assert.Equal(HostupErrors.SlotLayout, error.Code);
        Assert.Contains("is mounted", error.Why, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_of_the_mount_table_is_read_with_its_escapes()
    {
        var mount = MountTable.Parse(@"36 35 254:5 / /mnt/my\040data rw,noatime shared:1 - ext4 /dev/vda5 rw");

        Assert.Equal(new Mount("254:5", "/mnt/my data", false, "ext4", "/dev/vda5"), mount);
    }

    [Theory]
    [InlineData("ro,noatime", "rw,fmask=0077", true)]
    [InlineData("rw,noatime", "ro,fmask=0077,errors=remount-ro", true)] // as the kernel leaves it after an error
    [InlineData("rw,noatime", "rw,fmask=0077,errors=remount-ro", false)]
    public void A_mount_is_read_only_by_itself_or_by_its_file_system(string mount, string system, bool readOnly) =>
        Assert.Equal(readOnly, MountTable.Parse($"36 35 254:1 / /mnt/boot {mount} shared:1 - vfat /dev/vda1 {system}").IsReadOnly);

    private (Updates.Slots.Slot Running, Updates.Slots.Slot Spare) Find(string root, params Mount[] more) =>
        new BlockDevices(_sys, [new Mount(root, "/", true, "ext4", "/dev/root"), .. more]).Find();

    private void Disk(string name, params int[] partitions)
    {
        string disk = Path.Combine(_sys, "devices", "virtual", "block", name);
        Directory.CreateDirectory(Path.Combine(_sys, "dev", "block"));
        Directory.CreateDirectory(disk);
        Directory.CreateSymbolicLink(Path.Combine(_sys, "dev/block/254:0"), disk);
        foreach (int number in partitions)
        {
            string partition = Path.Combine(disk, $"{name}{number}");
            Directory.CreateDirectory(partition);
            File.WriteAllText(Path.Combine(partition, "partition"), $"{number}\n");
            File.WriteAllText(Path.Combine(partition, "size"), $"{(100 << 20) / 512}\n");
            File.WriteAllText(Path.Combine(partition, "dev"), $"254:{number}\n");
            Directory.CreateSymbolicLink(Path.Combine(_sys, $"dev/block/254:{number}"), partition);
        }
    }
}
