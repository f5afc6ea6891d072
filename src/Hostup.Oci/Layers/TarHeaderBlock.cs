using System.Globalization;
using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>Writes header blocks: plain ustar, and a pax header before it where ustar has no room for a value.</summary>
internal static class TarHeaderBlock
{
    private const int NameBytes = 100;
    /// <summary>Seven octal digits.</summary>
    private const long MaxOwner = 0x1FFFFF;
    /// <summary>Eleven octal digits.</summary>
    private const long MaxNumber = 0x1FFFFFFFF;

    /// <summary>All header blocks of an entry.</summary>
    /// <param name="entry">Its metadata.</param>
    /// <param name="name">Its name in the archive.</param>
    /// <param name="type">ustar type flag.</param>
    /// <param name="link">Link target.</param>
    /// <param name="size">Bytes that follow.</param>
    public static byte[] Format(TreeEntry entry, ReadOnlySpan<byte> name, char type, ReadOnlySpan<byte> link, long size)
    {
        var pax = PaxFor(entry, name, link, size);
        var block = Block(name, type, link, size, entry);
        if (pax.Length == 0)
            return block;
        var paxBlock = Block("pax"u8, 'x', [], pax.Length, new TreeEntry { Path = default, Kind = TreeEntryKind.File, Mode = 0x1A4 /* 0644 */ });
        return [.. paxBlock, .. pax, .. new byte[-pax.Length & (TarInput.BlockBytes - 1)], .. block];
    }

    private static byte[] PaxFor(TreeEntry entry, ReadOnlySpan<byte> name, ReadOnlySpan<byte> link, long size)
    {
        var pax = new MemoryStream();
        bool longName = name.Length > NameBytes, longLink = link.Length > NameBytes;
        bool text = IsUtf8(name) && IsUtf8(link);
        // Names that are not UTF-8 are written as they are; only in a pax header does that need a word.
        if ((longName || longLink) && !text)
            Record(pax, "hdrcharset", "BINARY"u8);
        if (longName)
            Record(pax, "path", name);
        if (longLink)
            Record(pax, "linkpath", link);
        if (size > MaxNumber)
            Record(pax, "size", size);
        if (entry.UserId > MaxOwner)
            Record(pax, "uid", entry.UserId);
        if (entry.GroupId > MaxOwner)
            Record(pax, "gid", entry.GroupId);
        if (entry.ModifiedSeconds is < 0 or > MaxNumber)
            Record(pax, "mtime", entry.ModifiedSeconds);
        foreach (var attribute in entry.ExtendedAttributes.OrderBy(a => a.Name, StringComparer.Ordinal))
            Record(pax, "SCHILY.xattr." + attribute.Name, attribute.Value.Span);
        return pax.ToArray();
    }

    private static void Record(MemoryStream pax, string key, long value) => Record(pax, key, Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));

    /// <summary>The length counts its own digits.</summary>
    private static void Record(MemoryStream pax, string key, ReadOnlySpan<byte> value)
    {
        var head = Encoding.UTF8.GetBytes($" {key}=");
        int rest = head.Length + value.Length + 1;
        int length = rest + Digits(rest);
        if (Digits(length) > Digits(rest))
            length = rest + Digits(length);
        pax.Write(Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)));
        pax.Write(head);
        pax.Write(value);
        pax.WriteByte((byte)'\n');
    }

    private static int Digits(int number) => number.ToString(CultureInfo.InvariantCulture).Length;

    private static byte[] Block(ReadOnlySpan<byte> name, char type, ReadOnlySpan<byte> link, long size, TreeEntry entry)
    {
        var block = new byte[TarInput.BlockBytes];
        name[..Math.Min(name.Length, NameBytes)].CopyTo(block);
        Octal(block.AsSpan(100, 8), entry.Mode);
        Octal(block.AsSpan(108, 8), entry.UserId > MaxOwner ? 0 : entry.UserId);
        Octal(block.AsSpan(116, 8), entry.GroupId > MaxOwner ? 0 : entry.GroupId);
        Octal(block.AsSpan(124, 12), size > MaxNumber ? 0 : size);
        Octal(block.AsSpan(136, 12), entry.ModifiedSeconds is < 0 or > MaxNumber ? 0 : entry.ModifiedSeconds);
        block[156] = (byte)type;
        link[..Math.Min(link.Length, NameBytes)].CopyTo(block.AsSpan(157));
        "ustar\0"u8.CopyTo(block.AsSpan(257));
        "00"u8.CopyTo(block.AsSpan(263));
        Octal(block.AsSpan(329, 8), entry.DeviceMajor);
        Octal(block.AsSpan(337, 8), entry.DeviceMinor);
        block.AsSpan(148, 8).Fill((byte)' ');
        int sum = 0;
        foreach (byte b in block)
            sum += b;
        Octal(block.AsSpan(148, 7), sum);
        return block;
    }

    /// <summary>Zero-padded octal with a NUL at the end.</summary>
    private static void Octal(Span<byte> field, long value)
    {
        field[^1] = 0;
        for (int i = field.Length - 2; i >= 0; i--, value >>= 3)
            field[i] = (byte)('0' + (value & 7));
        if (value != 0)
            throw TarErrors.Bad("a number does not fit its field");
    }

    private static bool IsUtf8(ReadOnlySpan<byte> bytes) => System.Text.Unicode.Utf8.IsValid(bytes);
}
