using Hostup.Delta.Patching;

namespace Hostup.Delta.Building;

/// <summary>Pieces as they are found one after another; what continues the last piece becomes part of it.</summary>
internal sealed class PieceList
{
    private readonly List<PatchPiece> _pieces = [];

    public IReadOnlyList<PatchPiece> Pieces => _pieces;

    public void AddAlike(long position, int length)
    {
        if (length == 0)
            return;
        if (_pieces is [.., { Fresh: 0 } last] && last.OldPosition + last.Alike == position)
            _pieces[^1] = last with { Alike = last.Alike + length };
        else
            _pieces.Add(new PatchPiece(position, length, 0));
    }

    public void AddFresh(int length)
    {
        if (length == 0)
            return;
        if (_pieces is [.., var last])
            _pieces[^1] = last with { Fresh = last.Fresh + length };
        else
            _pieces.Add(new PatchPiece(0, 0, length));
    }
}
