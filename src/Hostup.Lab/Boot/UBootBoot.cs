using System.Text;
using Hostup.Core.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;
using Hostup.Updates.Boot;

namespace Hostup.Lab.Boot;

/// <summary>A PC whose firmware is U-Boot itself, with upstream's files on its boot partition: a board with an MBR disk, as most are.</summary>
internal sealed class UBootBoot : LabBootLoader
{
    /// <summary>Debian's build for QEMU; its 64-bit sister does not start a kernel.</summary>
    public const string Program = "/usr/lib/u-boot/qemu-x86/u-boot.rom";

    /// <summary>What the owner of the device has written into extra_uEnv.txt: an update leaves it alone, and each kernel is started with it.</summary>
    public const string OwnersArgument = "hostup.owner=kept";

    /// <inheritdoc/>
    public override string Family => BootLoaders.UBoot;

    // No x86-64 board of upstream's has U-Boot: a type of our own, whose releases name the boot loader.
    /// <inheritdoc/>
    public override string DeviceType => "hostup-lab-u-boot";

    /// <inheritdoc/>
    public override IReadOnlyList<string> SignArguments => ["--boot-loader", Family];

    /// <inheritdoc/>
    public override DiskLayout Layout => DiskLayout.Full with { Table = PartitionTable.Mbr };

    /// <inheritdoc/>
    public override string Machine => "pc";

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, byte[]> Provisioned => new Dictionary<string, byte[]>
    {
        ["resinOS_uEnv.txt"] = UBootEnvironment.NewFile(new BootSettings(RootPartition: 2, UpgradeAvailable: false, BootCount: 0)),
        ["extra_uEnv.txt"] = Encoding.ASCII.GetBytes($"extra_os_cmdline={OwnersArgument}\n"),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> FirmwareArguments(string variables) => ["-bios", Program];

    /// <inheritdoc/>
    public override string MountTable(string fstab) =>
        fstab.Replace("by-partlabel/resin-boot ", "by-label/RESIN-BOOT ", StringComparison.Ordinal).Replace("by-partlabel/", "by-label/", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override Task WriteBootFilesAsync(string folder, HostOsRelease release, CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        return File.WriteAllBytesAsync(Path.Combine(folder, "boot.scr"), UBootImage.OfScript($"release {release.OsVersion}", UBootScript.Text(release.OsVersion)), ct);
    }
}
