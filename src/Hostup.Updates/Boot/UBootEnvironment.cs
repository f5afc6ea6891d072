using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>
/// U-Boot with upstream's scripts: <c>resinOS_uEnv.txt</c> decides, one sector overwritten in place; <c>bootcount.env</c> is the boot loader's own counter,
/// which user space only removes.
/// </summary>
/// <remarks>
/// Arming removes the counter first: without it the old settings count nothing. Settling writes the decision first: without the counter an armed
/// trial would begin anew. extra_uEnv.txt is the owner's; only its limit is read.
/// </remarks>
/// <param name="files">The device's files.</param>
/// <param name="builtInLimit">Boots that the boot loader allows when extra_uEnv.txt says nothing: 3 since 2021, 1 before.</param>
public sealed partial class UBootEnvironment(IFiles files, int builtInLimit = UBootEnvironment.PresentLimit) : IBootEnvironment
{
    /// <summary>Where the decision lies.</summary>
    public const string File = Places.Boot + "/resinOS_uEnv.txt";

    /// <summary>The counter.</summary>
    public const string CountFile = Places.Boot + "/bootcount.env";

    /// <summary>OS_BOOTCOUNT_LIMIT of upstream's environment.</summary>
    public const int PresentLimit = 3;

    private const string Extra = Places.Boot + "/extra_uEnv.txt";
    private const int SectorBytes = 512;

    // A second entry of the same name, which some U-Boot versions leave on FAT, shows up when the first is removed.
    private const int MostTwins = 8;

    /// <inheritdoc/>
    public string Family => BootLoaders.UBoot;

    /// <inheritdoc/>
    public string Path => File;

    /// <summary>The boot loader counts first and takes the other slot above its limit.</summary>
    public int FallbackBoot => (ReadText(Extra) is { } extra && Limit().Match(extra) is { Success: true } m ? int.Parse(m.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : builtInLimit) + 1;

    /// <inheritdoc/>
    public BootSettings Read()
    {
        string text = ReadText(File) ?? throw Bad("it is not there");
        var (root, upgrade) = (Root().Match(text), Upgrade().Match(text));
        if (!root.Success || !upgrade.Success)
            throw Bad("it does not hold resin_root_part=N and upgrade_available=0 or 1");
        int count = ReadText(CountFile) is { } counted && Count().Match(counted) is { Success: true } c ? int.Parse(c.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return new BootSettings(int.Parse(root.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture), upgrade.Groups[1].ValueSpan is "1", count);
    }

    /// <inheritdoc/>
    public void Write(BootSettings settings)
    {
        byte[] decision = Decision(settings);
        using (files.OpenForWriting(Places.Boot))
        {
            if (settings.UpgradeAvailable)
                SetCount(settings.BootCount);
            // Also when it reads like that: after a flush that failed memory has it, and the medium does not.
            files.Overwrite(File, 0, decision);
            files.Flush(File);
            if (!settings.UpgradeAvailable)
                SetCount(settings.BootCount);
        }
        if (Read() != settings)
            throw new HostupException(HostupErrors.SwitchBoot, "cannot switch the boot settings", $"{File} does not read back as written", "check the boot partition with fsck.vfat");
    }

    /// <summary>A new file with these settings, for provisioning.</summary>
    public static byte[] NewFile(BootSettings settings) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"resin_root_part={settings.RootPartition:x}\nupgrade_available={(settings.UpgradeAvailable ? 1 : 0)}\n"));

    // Other lines stay; the length stays too, so that one sector is all that is written.
    private byte[] Decision(BootSettings settings)
    {
        byte[] old = files.Read(File);
        string text = Encoding.Latin1.GetString(old);
        text = Root().Replace(text, string.Create(CultureInfo.InvariantCulture, $"resin_root_part={settings.RootPartition:x}"));
        text = Upgrade().Replace(text, settings.UpgradeAvailable ? "upgrade_available=1" : "upgrade_available=0");
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        return bytes.Length == old.Length && bytes.Length <= SectorBytes
            ? bytes
            : throw Bad($"its {old.Length} bytes cannot be overwritten in one sector of the same length");
    }

    private void SetCount(int count)
    {
        if (count > 0)
        {
            files.Create(CountFile, Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"bootcount={count}\n")));
            files.Flush(CountFile);
        }
        for (int twin = 0; count == 0 && twin < MostTwins && files.Exists(CountFile); twin++)
            files.Delete(CountFile);
        files.FlushFileSystem(Places.Boot);
    }

    private string? ReadText(string path)
    {
        try
        {
            return files.Exists(path) ? Encoding.Latin1.GetString(files.Read(path)) : null;
        }
        catch (IOException e)
        {
            throw Bad(e.Message, e);
        }
    }

    private static HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BootEnvironment, $"cannot read boot environment {File}", why, "restore it from a device of the same kind: two lines, resin_root_part=2 and upgrade_available=0", inner);

    [GeneratedRegex(@"(?<=^|\n)resin_root_part=([0-9a-fA-F]{1,4})(?![0-9a-fA-F])")]
    private static partial Regex Root();

    [GeneratedRegex(@"(?<=^|\n)upgrade_available=([01])")]
    private static partial Regex Upgrade();

    [GeneratedRegex(@"(?<=^|\n)bootcount=([0-9]{1,3})")]
    private static partial Regex Count();

    [GeneratedRegex(@"(?<=^|\n)os_bc_lim=([0-9]{1,3})")]
    private static partial Regex Limit();
}
