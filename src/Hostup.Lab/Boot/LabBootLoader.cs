using Hostup.Core.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Images;

namespace Hostup.Lab.Boot;

/// <summary>How a virtual device boots: its firmware, its boot loader, and what these find on the disk.</summary>
public abstract class LabBootLoader
{
    /// <summary>Printed on the serial console before a slot's kernel starts; the slot's letter follows.</summary>
    public const string SlotMarker = "HOSTUP-LAB: booting slot ";

    /// <summary>What every kernel of the lab is started with. lsm=: without it Debian's kernel wants AppArmor's programs before it lets a container start.</summary>
    public const string KernelArguments = "ro panic=5 console=ttyS0,115200 quiet lsm=landlock,yama mitigations=off";

    /// <summary>UEFI firmware with GRUB on a disk with GPT.</summary>
    public static LabBootLoader Grub { get; } = new GrubBoot();

    /// <summary>U-Boot in place of the firmware, on a disk with MBR.</summary>
    public static LabBootLoader UBoot { get; } = new UBootBoot();

    /// <summary>Family of boot loaders, a name of <see cref="BootLoaders"/>.</summary>
    public abstract string Family { get; }

    /// <summary>Device type of what boots so: in config.json, in os-release and in releases.</summary>
    public abstract string DeviceType { get; }

    /// <summary>What a release of that type is signed with beside it.</summary>
    public virtual IReadOnlyList<string> SignArguments => [];

    /// <summary>The disk with room for the full host OS.</summary>
    public abstract DiskLayout Layout { get; }

    /// <summary>Type of QEMU's machine.</summary>
    public abstract string Machine { get; }

    /// <summary>The firmware's variables as delivered; null: it keeps none.</summary>
    public virtual string? FirmwareVariables => null;

    /// <summary>Files of the boot partition that no release brings, by path.</summary>
    public abstract IReadOnlyDictionary<string, byte[]> Provisioned { get; }

    /// <summary>That of a family.</summary>
    public static LabBootLoader Of(string family) => family switch
    {
        BootLoaders.Grub => Grub,
        BootLoaders.UBoot => UBoot,
        _ => throw new InvalidOperationException($"bug: the lab has no boot loader '{family}'"),
    };

    /// <summary>QEMU's arguments for the firmware.</summary>
    /// <param name="variables">File with the firmware's variables, where it keeps any.</param>
    public abstract IReadOnlyList<string> FirmwareArguments(string variables);

    /// <summary>The mount table of a host OS for this disk.</summary>
    /// <param name="fstab">That of a disk with GPT.</param>
    public virtual string MountTable(string fstab) => fstab;

    /// <summary>Writes the boot files of a release.</summary>
    /// <param name="folder">Folder that stands for the boot partition.</param>
    /// <param name="release">The release.</param>
    /// <param name="ct">Ends the making.</param>
    public abstract Task WriteBootFilesAsync(string folder, HostOsRelease release, CancellationToken ct);
}
