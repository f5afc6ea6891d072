namespace Hostup.Delta.Format;

/// <summary>Reads what a <see cref="ByteSink"/> wrote. Every answer is inside the bytes and the range asked for, or it refuses.</summary>
internal sealed class ByteSource(ReadOnlyMemory<byte> bytes)
{
    private int _at;

    public bool AtEnd => _at == bytes.Length;

    public int Left => bytes.Length - _at;

    public byte Byte() => _at < bytes.Length ? bytes.Span[_at++] : throw DeltaErrors.Bad("one of its streams is too short");

    public ReadOnlySpan<byte> Bytes(int count)
    {
        if (count > Left)
            throw DeltaErrors.Bad("one of its streams is too short");
        _at += count;
        return bytes.Span.Slice(_at - count, count);
    }

    public long Number(long atMost)
    {
        ulong value = Bits();
        return value <= (ulong)atMost ? (long)value : throw DeltaErrors.Bad($"it holds the number {value} where at most {atMost} can be");
    }

    public int Count(int atMost) => (int)Number(atMost);

    public long Signed()
    {
        ulong bits = Bits();
        return (long)(bits >> 1) ^ -(long)(bits & 1);
    }

    public ReadOnlySpan<byte> Text(int atMost) => Bytes(Count(atMost));

    public void MustEnd()
    {
        if (!AtEnd)
            throw DeltaErrors.Bad($"{Left} bytes are left over in one of its streams");
    }

    private ulong Bits()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = Byte();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw DeltaErrors.Bad("it holds a number of more than ten bytes");
    }
}
