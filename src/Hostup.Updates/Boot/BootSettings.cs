namespace Hostup.Updates.Boot;

/// <summary>What the boot loader reads at power-on.</summary>
/// <param name="RootPartition">Partition number of the slot to boot (<c>resin_root_part</c>).</param>
/// <param name="UpgradeAvailable">Whether that slot is on trial: the boot loader counts boots and falls back.</param>
/// <param name="BootCount">Boots begun since user space last reset it.</param>
public readonly record struct BootSettings(int RootPartition, bool UpgradeAvailable, int BootCount);

/// <summary>The boot environment of a boot loader family. Each write is one decision.</summary>
public interface IBootEnvironment
{
    /// <summary>Boots of the trial slot after which the boot loader takes the other slot: the limit-th boot is the fallback.</summary>
    int FallbackBoot { get; }

    /// <summary>Reads the settings.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>boot-environment</c> when they are not there or make no sense.</exception>
    BootSettings Read();

    /// <summary>Writes all settings in one durable act and reads them back.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>switch-boot</c> when they do not read back.</exception>
    void Write(BootSettings settings);
}
