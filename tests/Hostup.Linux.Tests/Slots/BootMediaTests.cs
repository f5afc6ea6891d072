using Hostup.Core;
using Hostup.Lab.Sim;
using Hostup.Linux.Slots;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Slots;

/// <summary>Raw media: the contract on both of its forms, and what of a disk may be written.</summary>
public sealed class BootMediaTests : IDisposable
{
    private const int Sector = 512;
    private readonly TemporaryDirectory _root = new();

    public void Dispose() => _root.Dispose();

    [Theory, InlineData(true), InlineData(false)]
    public void What_is_written_is_read_back_and_its_neighbours_stay(bool simulated)
    {
        var (media, files, folder) = simulated ? Simulated() : Linux();
        byte[] content = [.. Enumerable.Range(0, 3 * Sector).Select(i => (byte)(i / 7))];
        var before = (media.Hash("disk", 0, 16 * Sector), media.Hash("disk", 19 * Sector, 100));
        using var _ = files.OpenForWriting(Places.Boot);
        files.Create(folder + "/new", content);

        media.CopyTo("disk", 16 * Sector, content.Length, folder + "/old");
        media.CopyFrom(folder + "/new", "disk", 16 * Sector);
        media.Flush("disk");

        Assert.Equal(Digest.Of(content), media.Hash("disk", 16 * Sector, content.Length));
        Assert.Equal(before, (media.Hash("disk", 0, 16 * Sector), media.Hash("disk", 19 * Sector, 100)));
        Assert.NotEqual(content, files.Read(folder + "/old"));
        media.CopyFrom(folder + "/old", "disk", 16 * Sector);
        media.Flush("disk");
        Assert.Equal(Digest.Of(files.Read(folder + "/old")), media.Hash("disk", 16 * Sector, content.Length));
    }

    [Theory]
    [InlineData("disk", 0, 1, "partition table")]
    [InlineData("disk", 1, 15, null)]
    [InlineData("disk", 1, 2048, "overlaps mmcblk0p1")]
    [InlineData("disk", 2047, 1, null)]
    [InlineData("disk", 4000, 200, "it ends at byte")]
    [InlineData("boot0", 0, 16, null)]
    [InlineData("boot1", 0, 16, "no medium boot1")]
    public void An_area_lies_outside_of_partitions_and_their_table(string medium, long from, long sectors, string? why)
    {
        var media = Linux().Media;
        MakeMedium("mmcblk0boot0", 64);

        string? fault = media.FaultOf(medium, from * Sector, sectors * Sector);

        Assert.True(why is null ? fault is null : fault?.Contains(why, StringComparison.Ordinal) == true, fault);
    }

    [Theory]
    [InlineData(33, 1, "partition table")]
    [InlineData(34, 1, null)]
    public void A_guid_partition_table_takes_more(long from, long sectors, string? why)
    {
        var media = Linux().Media;
        using (var disk = File.OpenHandle(_root.Of("dev/mmcblk0"), FileMode.Open, FileAccess.Write))
            RandomAccess.Write(disk, "EFI PART"u8, Sector);

        Assert.Equal(why is null, media.FaultOf("disk", from * Sector, sectors * Sector) is null);
    }

    [Fact]
    public void A_hardware_partition_is_writable_only_while_it_is_written()
    {
        var (media, _, folder) = Linux();
        MakeMedium("mmcblk0boot0", 64);
        File.WriteAllText(_root.Of("sys/class/block/mmcblk0boot0/force_ro"), "1");
        File.WriteAllBytes(folder + "/new", new byte[Sector]);

        media.CopyFrom(folder + "/new", "boot0", 0);
        string during = File.ReadAllText(_root.Of("sys/class/block/mmcblk0boot0/force_ro"));
        media.Flush("boot0");

        Assert.Equal(("0", "1"), (during, File.ReadAllText(_root.Of("sys/class/block/mmcblk0boot0/force_ro"))));
    }

    [Fact]
    public void What_may_not_be_written_is_an_error_of_the_medium()
    {
        var (media, _, folder) = Linux();
        File.WriteAllBytes(folder + "/new", new byte[Sector]);
        File.Delete(_root.Of("dev/mmcblk0"));
        Directory.CreateDirectory(_root.Of("dev/mmcblk0")); // .NET says the same of it as of a device that may not be opened

        Assert.Throws<IOException>(() => media.CopyFrom(folder + "/new", "disk", 16 * Sector));
        Assert.Throws<IOException>(() => media.Flush("disk"));
    }

    [Fact, Trait("Needs", "root")]
    public void A_block_device_that_is_read_only_is_an_error_of_the_medium()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/sbin/losetup");
        var (media, _, folder) = Linux();
        File.WriteAllBytes(folder + "/new", [.. Enumerable.Repeat((byte)1, Sector)]);
        File.Move(_root.Of("dev/mmcblk0"), _root.Of("image"));
        byte[] before = File.ReadAllBytes(_root.Of("image"));
        string loop = Run.Checked("/usr/sbin/losetup", "-f", "--show", "--read-only", _root.Of("image")).Trim();
        try
        {
            File.CreateSymbolicLink(_root.Of("dev/mmcblk0"), loop);

            Assert.Throws<IOException>(() => media.CopyFrom(folder + "/new", "disk", 16 * Sector));
        }
        finally
        {
            Run.Checked("/usr/sbin/losetup", "-d", loop);
        }
        Assert.Equal(before, File.ReadAllBytes(_root.Of("image")));
    }

    private static (IBootMedia Media, IFiles Files, string Folder) Simulated()
    {
        var release = SimRelease.Make("2.100.0", SimBehaviour.Good);
        var device = new SimDevice(release, release);
        device.Media.Provision("disk", 0, [.. Enumerable.Range(0, 4096).Select(i => (byte)i)]);
        return (device.Media, device.Files, Places.Boot);
    }

    private (LinuxBootMedia Media, IFiles Files, string Folder) Linux()
    {
        MakeMedium("mmcblk0", 4096);
        foreach (var (number, start, size) in new[] { (1, 2048, 1000), (2, 3048, 500) })
        {
            string partition = Directory.CreateDirectory(_root.Of($"sys/class/block/mmcblk0/mmcblk0p{number}")).FullName;
            File.WriteAllText($"{partition}/partition", $"{number}\n");
            File.WriteAllText($"{partition}/start", $"{start}\n");
            File.WriteAllText($"{partition}/size", $"{size}\n");
        }
        if (!File.Exists(_root.Of("sys/class/block/mmcblk0p2")))
            File.CreateSymbolicLink(_root.Of("sys/class/block/mmcblk0p2"), _root.Of("sys/class/block/mmcblk0/mmcblk0p2"));
        Directory.CreateDirectory(_root.Of("files"));
        return (new LinuxBootMedia(() => "/dev/mmcblk0p2", _root.Of("")), new Hostup.Linux.Files.LinuxFiles(), _root.Of("files"));
    }

    private void MakeMedium(string name, int sectors)
    {
        Directory.CreateDirectory(_root.Of($"sys/class/block/{name}"));
        Directory.CreateDirectory(_root.Of("dev"));
        File.WriteAllText(_root.Of($"sys/class/block/{name}/size"), $"{sectors}\n");
        File.WriteAllBytes(_root.Of($"dev/{name}"), [.. Enumerable.Range(0, sectors * Sector).Select(i => (byte)i)]);
    }
}
