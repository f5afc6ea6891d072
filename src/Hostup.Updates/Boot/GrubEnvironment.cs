using System.Globalization;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>GRUB with upstream's grub.cfg, EFI or legacy: everything is in one environment block.</summary>
/// <param name="files">The device's files.</param>
/// <param name="path">The grubenv.</param>
public sealed class GrubEnvironment(IFiles files, string path) : IBootEnvironment
{
    /// <summary>Length of the file, bytes.</summary>
    public const int BlockBytes = EnvironmentBlock.BlockBytes;

    private const string Root = "resin_root_part";
    private const string Upgrade = "upgrade_available";
    private const string Count = "bootcount";
    private readonly EnvironmentBlock _block = new(files, path);

    /// <inheritdoc/>
    public string Family => BootLoaders.Grub;

    /// <inheritdoc/>
    public string Path => path;

    /// <inheritdoc/>
    public int FallbackBoot => 2; // upstream's grub.cfg: the second boot of a trial takes the other slot

    /// <inheritdoc/>
    public BootSettings Read()
    {
        var variables = _block.Read();
        return new BootSettings(_block.Number(variables, Root), _block.Number(variables, Upgrade) != 0, _block.Number(variables, Count));
    }

    /// <inheritdoc/>
    public void Write(BootSettings settings)
    {
        var variables = _block.Read();
        Set(variables, settings);
        _block.Write(variables);
        if (Read() != settings)
            throw new HostupException(HostupErrors.SwitchBoot, "cannot switch the boot settings", $"{path} does not read back as written", "check the boot partition with fsck.vfat");
    }

    /// <summary>A new block with these settings, for provisioning.</summary>
    public static byte[] NewBlock(BootSettings settings)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Set(variables, settings);
        return EnvironmentBlock.New(variables);
    }

    private static void Set(SortedDictionary<string, string> variables, BootSettings settings)
    {
        variables[Root] = settings.RootPartition.ToString(CultureInfo.InvariantCulture);
        variables[Upgrade] = settings.UpgradeAvailable ? "1" : "0";
        variables[Count] = settings.BootCount.ToString(CultureInfo.InvariantCulture);
    }
}
