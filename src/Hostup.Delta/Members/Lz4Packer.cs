using System.Buffers.Binary;
using Hostup.Delta.Format;

namespace Hostup.Delta.Members;

/// <summary>Writes and reads LZ4 legacy frames: magic, then blocks of 8 MiB with their packed length before them (lz4_Frame_format.md, "Legacy frame").</summary>
/// <param name="input">Gives what is packed.</param>
/// <param name="length">How much that is.</param>
/// <param name="level">Compression level.</param>
internal sealed class Lz4Packer(PackerInput input, long length, int level) : IPacker
{
    public const uint Magic = 0x184C2102;
    private const int BlockBytes = 8 << 20;

    /// <summary>LZ4_COMPRESSBOUND.</summary>
    private const int BoundBytes = BlockBytes + (BlockBytes / 255) + 16;

    private readonly byte[] _block = new byte[Math.Min(length, BlockBytes)];
    private readonly byte[] _packed = new byte[4 + BoundBytes];
    private long _left = length;
    private int _at;
    private int _end;
    private bool _begun;

    public int Read(Span<byte> buffer)
    {
        if (_at == _end && !Fill())
            return 0;
        int count = Math.Min(buffer.Length, _end - _at);
        _packed.AsSpan(_at, count).CopyTo(buffer);
        _at += count;
        return count;
    }

    public void Dispose()
    {
    }

    /// <summary>Finds the end of a frame that begins somewhere in a file.</summary>
    /// <returns>Packed and unpacked length; null: it is none.</returns>
    public static (long Packed, long Unpacked)? Measure(ReadOnlySpan<byte> file)
    {
        if (file.Length < 8 || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic)
            return null;
        byte[] block = new byte[BlockBytes];
        int at = 4;
        long unpacked = 0;
        while (at + 4 <= file.Length)
        {
            uint packed = BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);
            if (packed == 0 || packed > BoundBytes || packed > file.Length - at - 4)
                break;
            int length = Lz4Calls.Unpack(file.Slice(at + 4, (int)packed), block, (int)packed, BlockBytes);
            if (length <= 0)
                break;
            (at, unpacked) = (at + 4 + (int)packed, unpacked + length);
            if (length < BlockBytes)
                break;
        }
        return unpacked == 0 ? null : (at, unpacked);
    }

    /// <summary>Unpacks a frame.</summary>
    public static void Unpack(IDeltaContent packed, PackedRange range, Action<ReadOnlySpan<byte>> output)
    {
        byte[] source = new byte[BoundBytes], block = new byte[BlockBytes];
        long at = range.Start + 4, end = range.Start + range.Length;
        while (at < end)
        {
            packed.Read(at, source.AsSpan(0, 4));
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(source);
            if (count > BoundBytes || count > end - at - 4)
                throw DeltaErrors.WrongOld("something packed in an old file is not what it was");
            packed.Read(at + 4, source.AsSpan(0, (int)count));
            int length = Lz4Calls.Unpack(source.AsSpan(0, (int)count), block, (int)count, BlockBytes);
            if (length <= 0)
                throw DeltaErrors.WrongOld("something packed in an old file cannot be unpacked");
            output(block.AsSpan(0, length));
            at += 4 + count;
        }
    }

    private bool Fill()
    {
        if (!_begun)
        {
            _begun = true;
            BinaryPrimitives.WriteUInt32LittleEndian(_packed, Magic);
            (_at, _end) = (0, 4);
            return true;
        }
        int count = (int)Math.Min(_left, BlockBytes);
        if (count == 0)
            return false;
        for (int filled = 0; filled < count;)
            filled += input(_block.AsSpan(filled, count - filled));
        _left -= count;
        int packed = Lz4Calls.Pack(_block.AsSpan(0, count), _packed.AsSpan(4), count, BoundBytes, level);
        if (packed <= 0)
            throw DeltaErrors.WrongOld("liblz4 cannot pack a block");
        BinaryPrimitives.WriteInt32LittleEndian(_packed, packed);
        (_at, _end) = (0, 4 + packed);
        return true;
    }
}
