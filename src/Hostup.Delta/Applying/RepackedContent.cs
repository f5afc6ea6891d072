using Hostup.Delta.Format;
using Hostup.Delta.Members;

namespace Hostup.Delta.Applying;

/// <summary>Content that is patched unpacked and packed again: a beginning, a packed part, an end.</summary>
internal sealed class RepackedContent : IMadeContent
{
    private readonly IMadeContent _inner;
    private readonly IPacker _packer;
    private long _head;
    private readonly long _tail;
    private bool _packed;

    /// <param name="inner">Gives beginning, part and end unpacked.</param>
    /// <param name="packing">How the part is packed.</param>
    /// <param name="head">Bytes before it.</param>
    /// <param name="tail">Bytes behind it.</param>
    /// <param name="length">Bytes of the file.</param>
    /// <exception cref="Core.Errors.HostupException"><c>delta-old</c> when this system has another library than the builder had.</exception>
    public RepackedContent(IMadeContent inner, Packing packing, long head, long tail, long length)
    {
        if (head + tail > inner.Left)
            throw DeltaErrors.Bad("a packed file is shorter than its ends");
        if (PackedFile.LibraryOf(packing.Kind) != packing.Library)
            throw DeltaErrors.WrongOld($"this system has another library to pack {packing.Kind} than the delta was built with");
        (_inner, _head, _tail, Left) = (inner, head, tail, length);
        _packer = PackedFile.Packer(packing, inner.Read, inner.Left - head - tail);
    }

    public long Left { get; private set; }

    public int Read(Span<byte> buffer)
    {
        if (buffer.Length > Left)
            buffer = buffer[..(int)Left];
        int read = _head > 0 ? ReadHead(buffer) : ReadPacked(buffer);
        Left -= read;
        if (Left == 0 && _inner.Left > 0)
            throw DeltaErrors.WrongOld("a file is packed to other bytes than when the delta was built");
        return read;
    }

    public void Dispose()
    {
        _packer.Dispose();
        _inner.Dispose();
    }

    private int ReadHead(Span<byte> buffer)
    {
        int read = _inner.Read(buffer[..(int)Math.Min(buffer.Length, _head)]);
        _head -= read;
        return read;
    }

    private int ReadPacked(Span<byte> buffer)
    {
        if (!_packed && _packer.Read(buffer) is > 0 and var read)
            return read;
        _packed = true;
        return _inner.Left > 0 && _inner.Left <= _tail ? _inner.Read(buffer) : throw DeltaErrors.WrongOld("a file is packed to other bytes than when the delta was built");
    }
}
