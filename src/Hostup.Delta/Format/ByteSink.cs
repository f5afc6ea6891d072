using System.Buffers;

namespace Hostup.Delta.Format;

/// <summary>Collects bytes and numbers. A number is base 128, seven bits a byte, lowest first; a signed one is folded so that small ones stay short.</summary>
internal sealed class ByteSink
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public int Length => _bytes.WrittenCount;

    public ReadOnlyMemory<byte> Written => _bytes.WrittenMemory;

    public void Put(byte value) => _bytes.Write([value]);

    public void Put(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    public void PutNumber(long value)
    {
        if (value < 0)
            throw new InvalidOperationException($"bug: {value} is written as a number without sign");
        PutBits((ulong)value);
    }

    public void PutSigned(long value) => PutBits((ulong)((value << 1) ^ (value >> 63)));

    public void PutText(ReadOnlySpan<byte> bytes)
    {
        PutNumber(bytes.Length);
        Put(bytes);
    }

    private void PutBits(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            Put((byte)(value | 0x80));
        Put((byte)value);
    }
}
