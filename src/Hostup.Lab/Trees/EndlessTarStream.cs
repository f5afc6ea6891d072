using System.Text;

namespace Hostup.Lab.Trees;

/// <summary>A tar that is made while it is read: files of the letter A, a thousand in a directory. As long as one likes, and small in memory.</summary>
/// <param name="entries">How many files.</param>
/// <param name="bytesEach">Bytes of each.</param>
public sealed class EndlessTarStream(int entries, int bytesEach) : Stream
{
    private byte[] _part = [];
    private int _at;
    private int _entry;
    private int _left;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_at == _part.Length && !Next())
            return 0;
        int read = Math.Min(buffer.Length, _part.Length - _at);
        _part.AsSpan(_at, read).CopyTo(buffer);
        _at += read;
        return read;
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool Next()
    {
        if (_left > 0)
        {
            int length = Math.Min(_left, 64 << 10);
            _part = Encoding.ASCII.GetBytes(new string('A', length));
            _left -= length;
        }
        else if (_entry < entries)
        {
            _part = TarBytes.Header($"d{_entry / 1000}/f{_entry++}", size: Convert.ToString(bytesEach, 8).PadLeft(11, '0'));
            _left = bytesEach;
        }
        else if (_entry++ == entries)
            _part = new byte[1024];
        else
            return false;
        _at = 0;
        return true;
    }
}
