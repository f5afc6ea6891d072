using System.Buffers.Binary;

namespace Hostup.Oci.Layers;

/// <summary>One 512-byte header block: V7, ustar (POSIX.1-1988) and GNU, told apart by their magic.</summary>
internal sealed class TarHeader
{
    public required byte[] Name { get; init; }
    public required byte[] LinkName { get; init; }
    public required byte TypeFlag { get; init; }
    public required int Mode { get; init; }
    public required long UserId { get; init; }
    public required long GroupId { get; init; }
    public required long Size { get; init; }
    public required long ModifiedSeconds { get; init; }
    public required long DeviceMajor { get; init; }
    public required long DeviceMinor { get; init; }

    /// <summary>Reads a header block that is not all zeros.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>bad-image</c> for a wrong checksum or an unreadable number.</exception>
    public static TarHeader Parse(ReadOnlySpan<byte> block)
    {
        CheckSum(block);
        bool posix = block.Slice(257, 6).SequenceEqual("ustar\0"u8);
        bool gnu = block.Slice(257, 8).SequenceEqual("ustar  \0"u8);
        var name = Text(block[..100]);
        // GNU headers keep other fields where ustar has the prefix.
        var prefix = posix ? Text(block.Slice(345, 155)) : [];
        byte type = block[156];
        bool device = type is (byte)'3' or (byte)'4';
        return new TarHeader
        {
            Name = prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name],
            LinkName = Text(block.Slice(157, 100)).ToArray(),
            TypeFlag = type,
            Mode = (int)(Number(block.Slice(100, 8)) & 0xFFF),
            UserId = Number(block.Slice(108, 8)),
            GroupId = Number(block.Slice(116, 8)),
            Size = Number(block.Slice(124, 12)),
            ModifiedSeconds = Number(block.Slice(136, 12)),
            DeviceMajor = device && (posix || gnu) ? Number(block.Slice(329, 8)) : 0,
            DeviceMinor = device && (posix || gnu) ? Number(block.Slice(337, 8)) : 0,
        };
    }

    /// <summary>Octal text padded with blanks or NULs, or base-256 when the first bit is set (GNU).</summary>
    public static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
            return Base256(field);
        field = field.TrimStart((byte)' ').TrimStart((byte)0);
        long value = 0;
        int digits = 0;
        foreach (byte b in field)
        {
            if (b is (byte)' ' or 0)
                break;
            if (b is < (byte)'0' or > (byte)'7' || ++digits > 20)
                throw TarErrors.Bad("a number in a header is not octal");
            value = value * 8 + (b - '0');
        }
        return value;
    }

    private static long Base256(ReadOnlySpan<byte> field)
    {
        bool negative = (field[0] & 0x40) != 0;
        byte fill = negative ? (byte)0xFF : (byte)0;
        Span<byte> wide = stackalloc byte[16];
        wide.Fill(fill);
        field.CopyTo(wide[(16 - field.Length)..]);
        // The mark is the first bit of the field; the sign is the one after it.
        wide[16 - field.Length] = negative ? wide[16 - field.Length] : (byte)(field[0] & 0x7F);
        var value = BinaryPrimitives.ReadInt128BigEndian(wide);
        return value >= long.MinValue && value <= long.MaxValue ? (long)value : throw TarErrors.Bad("a number in a header is too large");
    }

    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is >= 0 and var end ? field[..end] : field;

    /// <summary>The sum of all bytes with the checksum field as blanks; some old writers summed signed bytes.</summary>
    private static void CheckSum(ReadOnlySpan<byte> block)
    {
        long unsigned = 8 * ' ', signed = 8 * ' ';
        for (int i = 0; i < block.Length; i++)
        {
            if (i is >= 148 and < 156)
                continue;
            unsigned += block[i];
            signed += (sbyte)block[i];
        }
        long stated = Number(block.Slice(148, 8));
        if (stated != unsigned && stated != signed)
            throw TarErrors.Bad("the checksum of a header is wrong");
    }
}
