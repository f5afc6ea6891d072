using System.Globalization;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>The boot loader that is a Linux kernel of its own (Raspberry Pi 5 and others): a block like GRUB's, slots by letter.</summary>
/// <param name="files">The device's files.</param>
/// <param name="slots">Partition numbers of slot A and slot B.</param>
public sealed class BalenaBootEnvironment(IFiles files, (int A, int B) slots) : IBootEnvironment
{
    /// <summary>Where it lies.</summary>
    public const string File = Places.Boot + "/bootenv";

    private const string Root = "resin_root_part";
    private const string Upgrade = "upgrade_available";
    private const string Count = "bootcount";
    private readonly EnvironmentBlock _block = new(files, File);

    /// <inheritdoc/>
    public string Family => BootLoaders.Balena;

    /// <inheritdoc/>
    public string Path => File;

    /// <inheritdoc/>
    public int FallbackBoot => 3; // its initramfs counts first and takes the other slot at 3

    /// <inheritdoc/>
    public BootSettings Read()
    {
        var variables = _block.Read();
        int root = variables.GetValueOrDefault(Root) switch
        {
            "A" => slots.A,
            "B" => slots.B,
            var other => throw _block.Bad($"{Root} is '{other}', neither A nor B"),
        };
        // It is not there before the first trial.
        return new BootSettings(root, _block.Number(variables, Upgrade) != 0, variables.ContainsKey(Count) ? _block.Number(variables, Count) : 0);
    }

    /// <inheritdoc/>
    public void Write(BootSettings settings)
    {
        var variables = _block.Read();
        Set(variables, settings, slots);
        _block.Write(variables);
        if (Read() != settings)
            throw new HostupException(HostupErrors.SwitchBoot, "cannot switch the boot settings", $"{File} does not read back as written", "check the boot partition with fsck.vfat");
    }

    /// <summary>A new block with these settings, for provisioning.</summary>
    public static byte[] NewBlock(BootSettings settings, (int A, int B) slots)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Set(variables, settings, slots);
        return EnvironmentBlock.New(variables);
    }

    private static void Set(SortedDictionary<string, string> variables, BootSettings settings, (int A, int B) slots)
    {
        variables[Root] = settings.RootPartition == slots.A ? "A" : "B";
        variables[Upgrade] = settings.UpgradeAvailable ? "1" : "0";
        variables[Count] = settings.BootCount.ToString(CultureInfo.InvariantCulture);
    }
}
