using System.Text;

namespace Hostup.Lab.Trees;

/// <summary>Headers made byte by byte, so that tests can write what no writer would. Texts are Latin-1: one character is one byte.</summary>
public static class TarBytes
{
    /// <summary>A header block with its checksum.</summary>
    /// <param name="name">Name of the entry.</param>
    /// <param name="type">Type flag.</param>
    /// <param name="size">Size, octal, eleven digits.</param>
    /// <param name="link">Link target.</param>
    /// <param name="change">Changes the block before the checksum is made.</param>
    public static byte[] Header(string name, char type = '0', string size = "00000000000", string link = "", Action<byte[]>? change = null) =>
        Header(Encoding.Latin1.GetBytes(name), type, size, Encoding.Latin1.GetBytes(link), change);

    /// <summary>As above, from bytes.</summary>
    public static byte[] Header(byte[] name, char type, string size, byte[] link, Action<byte[]>? change)
    {
        var block = new byte[512];
        name.CopyTo(block, 0);
        Put(block, 100, "0000644");
        Put(block, 108, "0000000");
        Put(block, 116, "0000000");
        Put(block, 124, size);
        Put(block, 136, "00000000000");
        block[156] = (byte)type;
        link.CopyTo(block, 157);
        Put(block, 257, "ustar\0" + "00");
        change?.Invoke(block);
        Put(block, 148, "        ");
        Put(block, 148, Convert.ToString(block.Sum(b => b), 8).PadLeft(6, '0') + "\0 ");
        return block;
    }

    /// <summary>Puts text into a block.</summary>
    public static void Put(byte[] block, int offset, string text) => Encoding.Latin1.GetBytes(text).CopyTo(block, offset);

    /// <summary>Content filled up to whole blocks.</summary>
    public static byte[] Padded(byte[] content) => [.. content, .. new byte[-content.Length & 511]];

    /// <summary>A pax header with records as "key=value".</summary>
    public static byte[] Pax(params string[] records) => RawPax(string.Concat(records.Select(Record)));

    /// <summary>A pax header with any text.</summary>
    public static byte[] RawPax(string text, char type = 'x')
    {
        var content = Encoding.Latin1.GetBytes(text);
        return [.. Header("pax", type, Convert.ToString(content.Length, 8).PadLeft(11, '0')), .. Padded(content)];
    }

    private static string Record(string record)
    {
        int length = record.Length + 3;
        while (length != record.Length + 2 + length.ToString(System.Globalization.CultureInfo.InvariantCulture).Length)
            length++;
        return $"{length} {record}\n";
    }
}
