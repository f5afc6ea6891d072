using Hostup.Delta.Patching;

namespace Hostup.Delta.Prediction;

/// <summary>Where old bytes went, as the pieces of a patch say. Where several pieces take the same bytes the longest is believed: short ones are often chance.</summary>
internal sealed class PieceMap
{
    private readonly List<long> _starts = [];
    private readonly List<long> _shifts = [];

    /// <param name="pieces">All pieces of the patch.</param>
    /// <param name="newStart">Where in the new content the first one begins.</param>
    public PieceMap(IReadOnlyList<PatchPiece> pieces, long newStart)
    {
        var edges = new List<(long At, bool Begins, Moved Piece)>();
        foreach (var piece in pieces)
        {
            if (piece.Alike > 0)
            {
                var moved = new Moved(piece.Alike, piece.OldPosition, newStart - piece.OldPosition);
                edges.Add((piece.OldPosition, true, moved));
                edges.Add((piece.OldPosition + piece.Alike, false, moved));
            }
            newStart += piece.Alike + piece.Fresh;
        }
        edges.Sort((a, b) => a.At.CompareTo(b.At));
        var covering = new SortedSet<Moved>();
        for (int i = 0; i < edges.Count; i++)
        {
            if (edges[i].Begins)
                covering.Add(edges[i].Piece);
            else
                covering.Remove(edges[i].Piece);
            if ((i + 1 == edges.Count || edges[i + 1].At > edges[i].At) && covering.Min is { Length: > 0 } longest && (_shifts.Count == 0 || _shifts[^1] != longest.Shift))
            {
                _starts.Add(edges[i].At);
                _shifts.Add(longest.Shift);
            }
        }
    }

    /// <summary>Where an old position went; one that went nowhere moved as far as the nearest before it.</summary>
    public long ToNew(long old)
    {
        if (_starts.Count == 0)
            return old;
        int at = _starts.BinarySearch(old);
        return old + _shifts[Math.Max(0, at < 0 ? ~at - 1 : at)];
    }

    /// <summary>Old bytes that moved; the longest comes first, and the order of equals is the same for builder and reader.</summary>
    private readonly record struct Moved(int Length, long Start, long Shift) : IComparable<Moved>
    {
        public int CompareTo(Moved other) => (-Length, Start, Shift).CompareTo((-other.Length, other.Start, other.Shift));
    }
}
