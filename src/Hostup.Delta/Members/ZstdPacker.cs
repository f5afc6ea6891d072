using Hostup.Delta.Format;

namespace Hostup.Delta.Members;

/// <summary>Writes and reads one zstd frame as the command-line tool does.</summary>
internal sealed unsafe class ZstdPacker : IPacker
{
    public const uint Magic = 0xFD2FB528;

    /// <summary>ZSTD_CStreamInSize is 128 KiB.</summary>
    private const int ChunkBytes = 128 << 10;

    private readonly PackerInput _input;
    private readonly byte[] _chunk = new byte[ChunkBytes];
    private readonly nint _context;
    private long _left;
    private int _at;
    private int _end;
    private bool _ended;

    public ZstdPacker(PackerInput input, long length, Packing packing)
    {
        (_input, _left) = (input, length);
        _context = ZstdCalls.CreatePacker();
        Check(ZstdCalls.SetParameter(_context, ZstdCalls.LevelParameter, packing.Level));
        Check(ZstdCalls.SetParameter(_context, ZstdCalls.ChecksumParameter, packing.Checksum ? 1 : 0));
        if (packing.Sized)
            Check(ZstdCalls.SetLength(_context, (ulong)length));
        if (packing.Parallel)
            Check(ZstdCalls.SetParameter(_context, ZstdCalls.WorkersParameter, 1));
    }

    public int Read(Span<byte> buffer)
    {
        while (!_ended)
        {
            if (_at == _end && _left > 0)
            {
                (_at, _end) = (0, _input(_chunk.AsSpan(0, (int)Math.Min(_left, ChunkBytes))));
                _left -= _end;
            }
            fixed (byte* source = _chunk, target = buffer)
            {
                var from = new ZstdBuffer(source + _at, (nuint)(_end - _at));
                var to = new ZstdBuffer(target, (nuint)buffer.Length);
                bool last = _left == 0 && _at == _end;
                nuint pending = ZstdCalls.Pack(_context, ref to, ref from, last ? ZstdCalls.End : ZstdCalls.Continue);
                Check(pending);
                _at += (int)from.At;
                _ended = last && pending == 0;
                if (to.At > 0)
                    return (int)to.At;
            }
        }
        return 0;
    }

    public void Dispose() => _ = ZstdCalls.FreePacker(_context);

    /// <summary>Unpacks a frame.</summary>
    /// <returns>Whether it ended where the range ends.</returns>
    public static bool Unpack(IDeltaContent packed, PackedRange range, Action<ReadOnlySpan<byte>> output)
    {
        byte[] source = new byte[ChunkBytes], target = new byte[ChunkBytes];
        nint context = ZstdCalls.CreateUnpacker();
        try
        {
            nuint hint = 1;
            for (long at = range.Start, end = range.Start + range.Length; at < end && hint != 0;)
            {
                int count = (int)Math.Min(ChunkBytes, end - at);
                packed.Read(at, source.AsSpan(0, count));
                at += count;
                fixed (byte* from = source, to = target)
                {
                    var input = new ZstdBuffer(from, (nuint)count);
                    while (hint != 0)
                    {
                        var unpacked = new ZstdBuffer(to, ChunkBytes);
                        hint = ZstdCalls.Unpack(context, ref unpacked, ref input);
                        if (ZstdCalls.IsError(hint) != 0)
                            return false;
                        output(target.AsSpan(0, (int)unpacked.At));
                        if (unpacked.At < ChunkBytes && input.At == input.Size)
                            break;
                    }
                }
                if (hint == 0)
                    return at == end;
            }
            return false;
        }
        finally
        {
            _ = ZstdCalls.FreeUnpacker(context);
        }
    }

    private static void Check(nuint result)
    {
        if (ZstdCalls.IsError(result) != 0)
            throw DeltaErrors.WrongOld("libzstd of this system cannot pack as the delta needs it");
    }
}
