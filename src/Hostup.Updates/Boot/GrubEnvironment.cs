using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>
/// GRUB's environment block: 1024 bytes, a comment line, <c>name=value</c> lines, filled up with '#'. All variables stay in the first
/// 512 bytes, and only those are written, in place: one sector, so a power cut leaves the old or the new settings.
/// </summary>
/// <remarks>Source: GRUB manual, "The GRUB environment block"; variables as upstream's grub.cfg names them.</remarks>
public sealed class GrubEnvironment(IFiles files, string path) : IBootEnvironment
{
    /// <summary>Length of the file, bytes.</summary>
    public const int BlockBytes = 1024;

    private const int SectorBytes = 512;
    private const string Header = "# GRUB Environment Block\n";
    private const string Root = "resin_root_part";
    private const string Upgrade = "upgrade_available";
    private const string Count = "bootcount";

    /// <inheritdoc/>
    public int FallbackBoot => 2; // upstream's grub.cfg: the second boot of a trial takes the other slot

    /// <inheritdoc/>
    public BootSettings Read()
    {
        var variables = Parse(ReadBlock());
        return new BootSettings(Number(variables, Root), Number(variables, Upgrade) != 0, Number(variables, Count));
    }

    /// <inheritdoc/>
    public void Write(BootSettings settings)
    {
        byte[] block = ReadBlock();
        var variables = Parse(block);
        variables[Root] = settings.RootPartition.ToString(CultureInfo.InvariantCulture);
        variables[Upgrade] = settings.UpgradeAvailable ? "1" : "0";
        variables[Count] = settings.BootCount.ToString(CultureInfo.InvariantCulture);
        byte[] sector = Format(variables, SectorBytes);
        using (files.OpenForWriting(Places.Boot))
        {
            files.Overwrite(path, 0, sector);
            files.Flush(path);
        }
        if (Read() != settings)
            throw new HostupException(HostupErrors.SwitchBoot, "cannot switch the boot settings", $"{path} does not read back as written", "check the boot partition with fsck.vfat");
    }

    /// <summary>A new block with these settings, for provisioning.</summary>
    public static byte[] NewBlock(BootSettings settings)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [Root] = settings.RootPartition.ToString(CultureInfo.InvariantCulture),
            [Upgrade] = settings.UpgradeAvailable ? "1" : "0",
            [Count] = settings.BootCount.ToString(CultureInfo.InvariantCulture),
        };
        return Format(variables, BlockBytes);
    }

    private byte[] ReadBlock()
    {
        byte[] block;
        try
        {
            block = files.Read(path);
        }
        catch (IOException e)
        {
            throw Bad(e.Message, e);
        }
        return block.Length == BlockBytes && block.AsSpan().StartsWith(Encoding.ASCII.GetBytes(Header))
            ? block
            : throw Bad($"it is no environment block of {BlockBytes} bytes");
    }

    private static SortedDictionary<string, string> Parse(byte[] block)
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in Encoding.Latin1.GetString(block).Split('\n'))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[0] != '#')
                variables[line[..equals]] = line[(equals + 1)..];
        }
        return variables;
    }

    private static byte[] Format(SortedDictionary<string, string> variables, int length)
    {
        byte[] text = Encoding.Latin1.GetBytes(Header + string.Concat(variables.Select(v => $"{v.Key}={v.Value}\n")));
        if (text.Length > SectorBytes)
            throw new HostupException(HostupErrors.BootEnvironment, "cannot write the boot environment", $"its variables take {text.Length} bytes, more than one sector of {SectorBytes}", "remove variables that are not the boot loader's");
        byte[] block = new byte[length];
        block.AsSpan().Fill((byte)'#');
        text.CopyTo(block, 0);
        return block;
    }

    private int Number(SortedDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out string? text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Bad($"it has no number '{name}'");

    private HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BootEnvironment, $"cannot read boot environment {path}", why, "restore it from a device of the same kind with grub-editenv", inner);
}
