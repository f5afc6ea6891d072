using System.Text;
using Hostup.Core.Errors;

namespace Hostup.Lab.Boot;

/// <summary>
/// GRUB's environment block as the lab provisions and reads it: exactly 1024 bytes, variables in the first 512 so that one
/// sector holds them, padded with '#'.
/// </summary>
/// <param name="Variables">Names and values in file order.</param>
public sealed record GrubEnvironment(IReadOnlyList<KeyValuePair<string, string>> Variables)
{
    private const int BlockBytes = 1024;
    private const int SectorBytes = 512;
    private const string Signature = "# GRUB Environment Block\n";

    /// <summary>The environment of a device as it leaves the factory: slot A, nothing on trial.</summary>
    public static GrubEnvironment Provisioned { get; } = new([new("resin_root_part", "2"), new("upgrade_available", "0"), new("bootcount", "0")]);

    /// <summary>The value of a variable; null when it is absent.</summary>
    public string? this[string name] => Variables.Where(v => v.Key == name).Select(v => v.Value).FirstOrDefault();

    /// <summary>The same with one variable set.</summary>
    public GrubEnvironment With(string name, string value) =>
        new([.. Variables.Select(v => v.Key == name ? new KeyValuePair<string, string>(name, value) : v)]);

    /// <summary>Reads a block.</summary>
    /// <exception cref="HostupException"><c>lab</c>: not an environment block of 1024 bytes.</exception>
    public static GrubEnvironment Parse(ReadOnlySpan<byte> block)
    {
        string text = Encoding.ASCII.GetString(block);
        if (block.Length != BlockBytes || !text.StartsWith(Signature, StringComparison.Ordinal))
            throw new HostupException(HostupErrors.Lab, "cannot read the boot environment", $"{block.Length} bytes that do not begin like one",
                "look at EFI/BOOT/grubenv of the boot partition");
        return new([.. text[Signature.Length..].Split('\n').Where(l => l.Contains('=', StringComparison.Ordinal) && !l.StartsWith('#'))
            .Select(l => new KeyValuePair<string, string>(l[..l.IndexOf('=', StringComparison.Ordinal)], l[(l.IndexOf('=', StringComparison.Ordinal) + 1)..]))]);
    }

    /// <summary>Writes the block.</summary>
    public byte[] ToBytes()
    {
        string text = Signature + string.Concat(Variables.Select(v => $"{v.Key}={v.Value}\n"));
        if (text.Length > SectorBytes)
            throw new InvalidOperationException($"bug: {text.Length} bytes of variables do not fit one sector");
        return Encoding.ASCII.GetBytes(text.PadRight(BlockBytes, '#'));
    }
}
