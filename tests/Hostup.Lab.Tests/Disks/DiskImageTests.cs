using System.Text;
using Hostup.Lab.Boot;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Tests.Disks;

public sealed class DiskImageTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_disk_for_U_Boot_holds_what_its_script_reads_and_file_systems_in_all_partitions()
    {
        Assert.SkipWhen(((string[])["sfdisk", "mkfs.vfat", "mcopy", "mkfs.ext4"]).Any(t => new Tool(t).Path is null), "needs fdisk, dosfstools, mtools and e2fsprogs");
        string folder = Directory.CreateTempSubdirectory("hostup-disk-").FullName;
        try
        {
            var tree = await TreeAsync(Path.Combine(folder, "root"));
            var layout = new DiskLayout(16, 16, 16) { Table = PartitionTable.Mbr };
            var disk = await DiskImage.BuildAsync(new LabEnvironment(Path.Combine(folder, "cache"), folder, _ => { }), tree, layout, DiskContent.Unclaimed(tree.Loader.DeviceType), Ct);

            await using var file = File.OpenRead(disk.Path);
            byte[] table = Read(file, 0, 512);
            Assert.Equal([0x55, 0xAA], table[510..]);
            // Types of the four entries, and the first one is the one to boot from.
            Assert.Equal([0x0E, 0x83, 0x83, 0x05], Enumerable.Range(0, 4).Select(n => table[446 + 16 * n + 4]));
            Assert.Equal([0x80, 0, 0, 0], Enumerable.Range(0, 4).Select(n => table[446 + 16 * n]));

            var boot = new FatVolume(Read(file, layout.Boot.StartBytes, (int)layout.Boot.SizeBytes));
            Assert.Equal(tree.Loader.Provisioned["resinOS_uEnv.txt"], boot.Read("resinOS_uEnv.txt"));
            Assert.Equal(UBootImage.OfScript("release 2.100.0+rev1", UBootScript.Text("2.100.0+rev1")), boot.Read("boot.scr"));
            Assert.Equal("{\"deviceType\":\"hostup-lab-u-boot\"}\n", Encoding.ASCII.GetString(boot.Read("config.json")!));
            Assert.Null(boot.Read("bootcount.env"));
            // Label of each ext4 file system, at byte 120 of its superblock.
            foreach (var partition in layout.Partitions.Skip(1))
                Assert.Equal(partition.Name, Encoding.ASCII.GetString(Read(file, partition.StartBytes + 1024 + 120, 16)).TrimEnd('\0'));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<HostOsTree> TreeAsync(string root)
    {
        await LabBootLoader.UBoot.WriteBootFilesAsync(Path.Combine(root, "resin-boot"), HostOsRelease.Old, Ct);
        foreach (string place in (string[])["etc/balena-supervisor", "etc/docker", "etc/systemd/network"])
            Directory.CreateDirectory(Path.Combine(root, place));
        await File.WriteAllTextAsync(Path.Combine(root, "etc/hostname"), "lab\n", Ct);
        return new HostOsTree(HostOsRelease.Old, root, LabBootLoader.UBoot, "tree");
    }

    private static byte[] Read(FileStream file, long offset, int count)
    {
        byte[] bytes = new byte[count];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }
}
