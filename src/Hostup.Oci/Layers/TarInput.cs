using System.Buffers;
using Hostup.Core.Errors;

namespace Hostup.Oci.Layers;

/// <summary>Buffered, forward-only reading of a tar stream. Owns one buffer, not the stream.</summary>
internal sealed class TarInput(Stream stream, long position = 0) : IDisposable
{
    public const int BlockBytes = 512;

    /// <summary>One read of a pipe or socket rarely gives more.</summary>
    private const int BufferBytes = 128 * 1024;

    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private int _start;
    private int _end;

    /// <summary>Offset in the layer of the next byte that is handed on.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The next block; empty at the end of the stream. Valid until the next call.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when the stream ends inside the block.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBlockAsync(CancellationToken ct)
    {
        while (_end - _start < BlockBytes)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            int read = await stream.ReadAsync(_buffer.AsMemory(_end, BufferBytes - _end), ct).ConfigureAwait(false);
            if (read == 0)
                return _end == 0 ? ReadOnlyMemory<byte>.Empty : throw Truncated();
            _end += read;
        }
        _start += BlockBytes;
        Position += BlockBytes;
        return _buffer.AsMemory(_start - BlockBytes, BlockBytes);
    }

    /// <summary>Reads at least one byte.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> at the end of the stream.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        if (_start == _end)
        {
            if (buffer.Length >= BufferBytes)
            {
                int direct = await stream.ReadAsync(buffer, ct).ConfigureAwait(false);
                Position += direct > 0 ? direct : throw Truncated();
                return direct;
            }
            (_start, _end) = (0, await stream.ReadAsync(_buffer.AsMemory(0, BufferBytes), ct).ConfigureAwait(false));
            if (_end == 0)
                throw Truncated();
        }
        int count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        _start += count;
        Position += count;
        return count;
    }

    /// <summary>Reads exactly so many bytes, which the caller has found to be few enough.</summary>
    public async ValueTask<byte[]> ReadExactlyAsync(int count, CancellationToken ct)
    {
        var bytes = new byte[count];
        for (int done = 0; done < count;)
            done += await ReadAsync(bytes.AsMemory(done), ct).ConfigureAwait(false);
        return bytes;
    }

    public async ValueTask SkipAsync(long count, CancellationToken ct)
    {
        while (count > 0)
        {
            if (_start == _end && stream is MemberStream members)
            {
                await members.SkipAsync(count, ct).ConfigureAwait(false);
                Position += count;
                return;
            }
            if (_start == _end)
            {
                (_start, _end) = (0, await stream.ReadAsync(_buffer.AsMemory(0, BufferBytes), ct).ConfigureAwait(false));
                if (_end == 0)
                    throw Truncated();
            }
            int step = (int)Math.Min(count, _end - _start);
            _start += step;
            Position += step;
            count -= step;
        }
    }

    /// <summary>Reads what follows the archive, so that the stream's own checks come to their end.</summary>
    public async ValueTask DrainAsync(CancellationToken ct)
    {
        do
            (_start, _end) = (0, await stream.ReadAsync(_buffer.AsMemory(0, BufferBytes), ct).ConfigureAwait(false));
        while (_end > 0);
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(_buffer);

    private static HostupException Truncated() => TarErrors.Bad("the layer ends in the middle of an entry");
}
