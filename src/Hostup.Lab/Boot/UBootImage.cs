using System.Buffers.Binary;
using System.Text;

namespace Hostup.Lab.Boot;

/// <summary>U-Boot's legacy image format (include/image.h): a header of 64 bytes with two CRC-32 before the content. What <c>mkimage -T script</c> makes.</summary>
public static class UBootImage
{
    /// <summary>Length of the header, bytes.</summary>
    public const int HeaderBytes = 64;

    private const uint Magic = 0x27051956;
    private const byte Linux = 5, I386 = 3, Script = 6, Uncompressed = 0;
    private const int NameAt = 32, NameBytes = 32;
    private const uint Polynomial = 0xEDB88320;

    /// <summary>A script that U-Boot's <c>source</c> runs.</summary>
    /// <param name="name">Name for people, at most 32 ASCII characters.</param>
    /// <param name="text">The script.</param>
    public static byte[] OfScript(string name, string text)
    {
        byte[] script = Encoding.ASCII.GetBytes(text);
        byte[] image = new byte[HeaderBytes + 8 + script.Length];
        var content = image.AsSpan(HeaderBytes);
        // The content begins with the sizes of its parts, ended by a zero.
        BinaryPrimitives.WriteInt32BigEndian(content, script.Length);
        script.CopyTo(content[8..]);
        var header = image.AsSpan(0, HeaderBytes);
        BinaryPrimitives.WriteUInt32BigEndian(header, Magic);
        BinaryPrimitives.WriteInt32BigEndian(header[12..], content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(header[24..], Crc32(content));
        (header[28], header[29], header[30], header[31]) = (Linux, I386, Script, Uncompressed);
        Encoding.ASCII.GetBytes(name, header.Slice(NameAt, NameBytes));
        // Of the header with zeros in its own place.
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], Crc32(header));
        return image;
    }

    private static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
        }
        return ~crc;
    }
}
