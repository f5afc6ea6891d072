namespace Hostup.Updates.Boot;

/// <summary>The boot environment of a boot loader family. Each write is one decision.</summary>
public interface IBootEnvironment
{
    /// <summary>Family of the boot loader, a name of <see cref="Core.Devices.BootLoaders"/>.</summary>
    string Family { get; }

    /// <summary>The file that holds the decision, for errors and reports.</summary>
    string Path { get; }

    /// <summary>
    /// Boots of the trial slot after which the boot loader takes the other slot: the limit-th boot is the fallback. Zero: the boot loader counts
    /// nothing, so a new OS that does not reach user space stays.
    /// </summary>
    int FallbackBoot { get; }

    /// <summary>Reads the settings.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>boot-environment</c> when they are not there or make no sense.</exception>
    BootSettings Read();

    /// <summary>
    /// Writes all settings and reads them back. One durable act decides; what comes before it is harmless, what comes after it only tidies up. A loader
    /// without a trial keeps the root alone.
    /// </summary>
    /// <exception cref="Core.Errors.HostupException"><c>switch-boot</c> when they do not read back.</exception>
    void Write(BootSettings settings);
}
