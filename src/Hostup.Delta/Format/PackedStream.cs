using System.Buffers;
using System.IO.Compression;

namespace Hostup.Delta.Format;

/// <summary>One packed stream of a frame in memory; unpacked as it is read, or as a whole.</summary>
/// <param name="packed">Its packed bytes.</param>
/// <param name="length">How many bytes it unpacks to.</param>
internal sealed class PackedStream(ReadOnlyMemory<byte> packed, long length) : IDisposable
{
    private BrotliDecoder _decoder;
    private ReadOnlyMemory<byte> _packed = packed;
    private long _left = length;

    /// <summary>Unpacks the next bytes.</summary>
    /// <exception cref="Core.Errors.HostupException"><c>bad-delta</c> when there are not so many.</exception>
    public void Read(Span<byte> buffer)
    {
        if (buffer.Length > _left)
            throw DeltaErrors.Bad("one of its streams is too short");
        _left -= buffer.Length;
        while (!buffer.IsEmpty)
        {
            var status = _decoder.Decompress(_packed.Span, buffer, out int consumed, out int written);
            _packed = _packed[consumed..];
            buffer = buffer[written..];
            if (written == 0 && status != OperationStatus.DestinationTooSmall)
                throw DeltaErrors.Bad("one of its streams cannot be unpacked");
        }
    }

    /// <summary>Unpacks all of a small stream.</summary>
    public ByteSource Whole()
    {
        if (_left > DeltaLimits.ColumnBytes)
            throw DeltaErrors.Bad($"one of its streams unpacks to {_left} bytes, at most {DeltaLimits.ColumnBytes} are taken");
        // Brotli cannot do better than about 1 : 1,000,000, but what a stream claims is not allocated before it has packed bytes to show for it.
        var whole = new ArrayBufferWriter<byte>();
        while (_left > 0)
        {
            var part = whole.GetSpan(4096);
            int count = (int)Math.Min(part.Length, _left);
            Read(part[..count]);
            whole.Advance(count);
        }
        MustEnd();
        return new ByteSource(whole.WrittenMemory);
    }

    /// <summary>Nothing may be left over.</summary>
    public void MustEnd()
    {
        if (_left != 0)
            throw DeltaErrors.Bad($"{_left} bytes are left over in one of its streams");
    }

    public void Dispose() => _decoder.Dispose();
}
