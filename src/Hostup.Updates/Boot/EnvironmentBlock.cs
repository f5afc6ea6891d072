using System.Globalization;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Boot;

/// <summary>
/// GRUB's environment block: 1024 bytes, a comment line, <c>name=value</c> lines, filled up with '#'. All variables stay in the first
/// 512 bytes, and only those are written, in place: one sector, so a power cut leaves the old or the new settings.
/// </summary>
/// <remarks>Source: GRUB manual, "The GRUB environment block". GRUB's grubenv and the bootenv of balena's boot loader have this form.</remarks>
internal sealed class EnvironmentBlock(IFiles files, string path)
{
    /// <summary>Length of the file, bytes.</summary>
    public const int BlockBytes = 1024;

    private const int SectorBytes = 512;
    private const string Header = "# GRUB Environment Block\n";

    /// <summary>Its variables.</summary>
    /// <exception cref="HostupException"><c>boot-environment</c>: it is not there or no such block.</exception>
    public SortedDictionary<string, string> Read()
    {
        var variables = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in Encoding.Latin1.GetString(ReadBlock()).Split('\n'))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[0] != '#')
                variables[line[..equals]] = line[(equals + 1)..];
        }
        return variables;
    }

    /// <summary>A variable that is a number.</summary>
    /// <exception cref="HostupException"><c>boot-environment</c>: it is not there or none.</exception>
    public int Number(SortedDictionary<string, string> variables, string name) =>
        variables.TryGetValue(name, out string? text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw Bad($"it has no number '{name}'");

    /// <summary>Writes all variables in one durable act. The caller reads back what it means.</summary>
    public void Write(SortedDictionary<string, string> variables)
    {
        byte[] sector = Format(variables, SectorBytes);
        using (files.OpenForWriting(Places.Boot))
        {
            files.Overwrite(path, 0, sector);
            files.Flush(path);
        }
    }

    /// <summary>A new block with these variables, for provisioning.</summary>
    public static byte[] New(SortedDictionary<string, string> variables) => Format(variables, BlockBytes);

    /// <summary>The block cannot be used.</summary>
    public HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BootEnvironment, $"cannot read boot environment {path}", why, "restore it from a device of the same kind with grub-editenv", inner);

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
}
