using System.Text;
using Hostup.Core.Devices;
using Hostup.Lab.Boot;
using Hostup.Lab.Images;
using Hostup.Lab.Qemu;

namespace Hostup.Lab.Tests.Boot;

public sealed class LabBootLoaderTests
{
    /// <summary>The device finds the family by itself, or the release names it.</summary>
    [Fact]
    public void The_device_type_of_each_is_served_by_its_family()
    {
        Assert.Equal([BootLoaders.Grub], DeviceTypes.Find(LabBootLoader.Grub.DeviceType)!.BootLoaders);
        Assert.Empty(LabBootLoader.Grub.SignArguments);
        Assert.Null(DeviceTypes.Find(LabBootLoader.UBoot.DeviceType));
        Assert.Equal(["--boot-loader", BootLoaders.UBoot], LabBootLoader.UBoot.SignArguments);
    }

    [Fact]
    public void A_device_with_U_Boot_leaves_the_factory_on_slot_A_with_nothing_on_trial()
    {
        var files = LabBootLoader.UBoot.Provisioned;

        Assert.Equal("resin_root_part=2\nupgrade_available=0\n", Encoding.ASCII.GetString(files["resinOS_uEnv.txt"]));
        Assert.DoesNotContain("bootcount.env", files.Keys);
    }

    [Fact]
    public async Task A_release_for_U_Boot_brings_its_script_and_nothing_of_GRUB()
    {
        string folder = Directory.CreateTempSubdirectory("hostup-lab-").FullName;
        try
        {
            await LabBootLoader.UBoot.WriteBootFilesAsync(Path.Combine(folder, "boot"), HostOsRelease.Old, TestContext.Current.CancellationToken);

            Assert.Equal(["boot.scr"], Directory.EnumerateFileSystemEntries(Path.Combine(folder, "boot")).Select(Path.GetFileName));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Partitions_without_names_are_mounted_by_the_label_of_what_is_on_them()
    {
        string fstab = File.ReadAllText(Path.Combine(RootFiles.FixedFolder, "etc/fstab"));
        string[] sources = [.. LabBootLoader.UBoot.MountTable(fstab).Split('\n').Where(l => l.StartsWith("/dev/", StringComparison.Ordinal)).Select(l => l.Split(' ')[0])];

        Assert.Equal(["/dev/disk/by-label/RESIN-BOOT", "/dev/disk/by-label/resin-state", "/dev/disk/by-label/resin-data"], sources);
        Assert.Equal(fstab, LabBootLoader.Grub.MountTable(fstab));
    }

    [Fact]
    public void A_saved_machine_knows_its_boot_loader() => Assert.Same(LabBootLoader.UBoot, new QemuMachine("tcg", 768, BootLoaders.UBoot).Loader);
}
