using Hostup.Delta.Format;
using Hostup.Delta.Patching;
using Hostup.Delta.Prediction;

namespace Hostup.Delta.Applying;

/// <summary>Gives the content that the pieces of one patch make.</summary>
internal sealed class PatchReader : IMadeContent
{
    private readonly OpenFrame _frame;
    private readonly OldSpace _old;
    private readonly PatchPiece[] _pieces;
    private readonly ReferencePredictor? _predictor;
    private readonly byte[] _block;
    private long _newPosition;
    private int _next;
    private int _alike;
    private int _fresh;
    private long _position;
    private int _blockAt;
    private int _blockEnd;

    /// <param name="frame">Holds the streams.</param>
    /// <param name="old">The sources.</param>
    /// <param name="newPosition">Where in the new file the patch begins.</param>
    /// <param name="length">Bytes that it makes.</param>
    /// <param name="block">Buffer of <see cref="ReferencePredictor.BlockBytes"/>, shared by all patches.</param>
    public PatchReader(OpenFrame frame, OldSpace old, long newPosition, long length, byte[] block)
    {
        (_frame, _old, _newPosition, Left, _block) = (frame, old, newPosition, length, block);
        var model = (ProgramModel)frame.Makings.Number((int)ProgramModel.Arm64);
        var target = model == ProgramModel.None ? null : ElfLayout.Read(frame.Makings);
        _pieces = ReadPieces(frame.Makings.Count(DeltaLimits.Pieces));
        if (target is not null)
            _predictor = new ReferencePredictor(model, new PieceMap(_pieces, newPosition), OldLayout(), target);
    }

    /// <summary>Bytes that are still to come.</summary>
    public long Left { get; private set; }

    /// <summary>Reads at least one byte, as long as there is any.</summary>
    public int Read(Span<byte> buffer)
    {
        while (_blockAt == _blockEnd && _alike == 0 && _fresh == 0)
            NextPiece();
        int count = _blockAt < _blockEnd || _alike > 0 ? ReadAlike(buffer) : ReadFresh(buffer);
        Left -= count;
        return count;
    }

    public void Dispose()
    {
        // sources and streams belong to the reader of the tree
    }

    private PatchPiece[] ReadPieces(int count)
    {
        var pieces = new List<PatchPiece>();
        long left = Left, position = 0;
        for (; count > 0; count--)
        {
            int alike = (int)_frame.Alike.Number(Math.Min(left, int.MaxValue));
            int fresh = (int)_frame.Fresh.Number(Math.Min(left - alike, int.MaxValue));
            left -= alike + (long)fresh;
            if (alike > 0)
                position = unchecked(position + _frame.Jumps.Signed());
            if (alike > 0 && (position < 0 || position > _old.Length - alike))
                throw DeltaErrors.Bad($"it reads {alike} bytes at {position} of {_old.Length} old bytes");
            pieces.Add(new PatchPiece(position, alike, fresh));
            position += alike;
        }
        return left == 0 ? [.. pieces] : throw DeltaErrors.Bad($"its pieces give {left} bytes less than the file has");
    }

    private ElfLayout OldLayout()
    {
        byte[] head = new byte[Math.Min(_old.Length, ElfLayout.HeadBytes)];
        _old.Read(0, head);
        return ElfLayout.Parse(head) ?? throw DeltaErrors.WrongOld("an old file is not the program that it was");
    }

    private void NextPiece() => (_position, _alike, _fresh) = (_pieces[_next].OldPosition, _pieces[_next].Alike, _pieces[_next++].Fresh);

    /// <summary>Old bytes are taken in blocks from the beginning of each piece, because they are predicted so.</summary>
    private int ReadAlike(Span<byte> buffer)
    {
        if (_blockAt == _blockEnd)
        {
            (_blockAt, _blockEnd) = (0, Math.Min(_alike, _block.Length));
            var block = _block.AsSpan(0, _blockEnd);
            _old.Read(_position, block);
            _predictor?.Predict(block, _position, _newPosition);
            _position += _blockEnd;
            _newPosition += _blockEnd;
            _alike -= _blockEnd;
        }
        int count = Math.Min(buffer.Length, _blockEnd - _blockAt);
        _frame.Differences.Read(buffer[..count]);
        var old = _block.AsSpan(_blockAt, count);
        for (int i = 0; i < count; i++)
            buffer[i] += old[i];
        _blockAt += count;
        return count;
    }

    private int ReadFresh(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, _fresh);
        _frame.FreshBytes.Read(buffer[..count]);
        _fresh -= count;
        _newPosition += count;
        return count;
    }
}
