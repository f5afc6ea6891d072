using Hostup.Delta.Patching;

namespace Hostup.Delta.Prediction;

/// <summary>Where old bytes went, as the pieces of a patch say.</summary>
internal sealed class PieceMap
{
    private readonly long[] _starts;
    private readonly (long Length, long Shift)[] _pieces;

    /// <param name="pieces">All pieces of the patch.</param>
    /// <param name="newStart">Where in the new content the first one begins.</param>
    public PieceMap(IReadOnlyList<PatchPiece> pieces, long newStart)
    {
        var found = new List<(long Start, long Length, long Shift)>(pieces.Count);
        foreach (var piece in pieces)
        {
            if (piece.Alike > 0)
                found.Add((piece.OldPosition, piece.Alike, newStart - piece.OldPosition));
            newStart += piece.Alike + piece.Fresh;
        }
        // the order of equals must be the same on both sides
        found.Sort((a, b) => a.Start != b.Start ? a.Start.CompareTo(b.Start) : a.Length != b.Length ? a.Length.CompareTo(b.Length) : a.Shift.CompareTo(b.Shift));
        _starts = [.. found.Select(f => f.Start)];
        _pieces = [.. found.Select(f => (f.Length, f.Shift))];
    }

    /// <summary>Where an old position went; one that went nowhere moved as far as the nearest before it.</summary>
    public long ToNew(long old)
    {
        if (_starts.Length == 0)
            return old;
        int at = Array.BinarySearch(_starts, old);
        at = Math.Max(0, at < 0 ? ~at - 1 : at);
        // a short piece inside a long one hides it
        if (old >= _starts[at] + _pieces[at].Length && at > 0 && old < _starts[at - 1] + _pieces[at - 1].Length)
            at--;
        return old + _pieces[at].Shift;
    }
}
