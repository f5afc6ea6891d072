namespace Hostup.Core.Devices;

/// <summary>Families of boot loaders, by how a slot is chosen; names as they stand in device-types.json, in manifests and in config.json.</summary>
public static class BootLoaders
{
    /// <summary>GRUB with an environment block, EFI or legacy.</summary>
    public const string Grub = "grub";

    /// <summary>U-Boot with upstream's scripts.</summary>
    public const string UBoot = "u-boot";

    /// <summary>The boot loader that is a Linux kernel of its own, with slots by letter.</summary>
    public const string Balena = "balena";

    /// <summary>No trial: the root stands in the boot loader's own configuration.</summary>
    public const string Direct = "direct";

    /// <summary>Slots of the board's maker; not served.</summary>
    public const string Nvidia = "nvidia";

    /// <summary>Those that an update can switch.</summary>
    public static readonly IReadOnlyList<string> Served = [Grub, UBoot, Balena, Direct];
}
