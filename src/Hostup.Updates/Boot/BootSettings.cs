namespace Hostup.Updates.Boot;

/// <summary>What the boot loader reads at power-on.</summary>
/// <param name="RootPartition">Partition number of the slot to boot (<c>resin_root_part</c>).</param>
/// <param name="UpgradeAvailable">Whether that slot is on trial: the boot loader counts boots and falls back.</param>
/// <param name="BootCount">Boots begun since user space last reset it.</param>
public readonly record struct BootSettings(int RootPartition, bool UpgradeAvailable, int BootCount);
