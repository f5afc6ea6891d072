using Hostup.Delta.Format;

namespace Hostup.Delta.Applying;

/// <summary>Gives the content that the pieces of one patch make.</summary>
internal sealed class PatchReader(OpenFrame frame, OldSpace old, long pieces, long length)
{
    private readonly byte[] _differences = new byte[4096];
    private long _piecesLeft = pieces;
    private long _left = length;
    private long _alike;
    private long _fresh;
    private long _position;

    /// <summary>Bytes that are still to come.</summary>
    public long Left => _left;

    /// <summary>Reads at least one byte, as long as there is any.</summary>
    public int Read(Span<byte> buffer)
    {
        while (_alike == 0 && _fresh == 0)
            NextPiece();
        int count = (int)Math.Min(buffer.Length, _alike > 0 ? _alike : _fresh);
        if (_alike > 0)
            ReadAlike(buffer[..count]);
        else
            ReadFresh(buffer[..count]);
        _left -= count;
        if (_left == 0 && _piecesLeft > 0)
            throw DeltaErrors.Bad("it has more pieces than the file that they make");
        return count;
    }

    private void NextPiece()
    {
        if (_piecesLeft-- == 0)
            throw DeltaErrors.Bad("it has fewer pieces than the file that they make");
        _alike = frame.Alike.Number(_left);
        _fresh = frame.Fresh.Number(_left - _alike);
        if (_alike == 0)
            return;
        _position = unchecked(_position + frame.Jumps.Signed());
        if (_position < 0 || _position > old.Length - _alike)
            throw DeltaErrors.Bad($"it reads {_alike} bytes at {_position} of {old.Length} old bytes");
    }

    private void ReadAlike(Span<byte> buffer)
    {
        old.Read(_position, buffer);
        _position += buffer.Length;
        _alike -= buffer.Length;
        while (!buffer.IsEmpty)
        {
            var part = _differences.AsSpan(0, Math.Min(buffer.Length, _differences.Length));
            frame.Differences.Read(part);
            for (int i = 0; i < part.Length; i++)
                buffer[i] += part[i];
            buffer = buffer[part.Length..];
        }
    }

    private void ReadFresh(Span<byte> buffer)
    {
        frame.FreshBytes.Read(buffer);
        _fresh -= buffer.Length;
    }
}
