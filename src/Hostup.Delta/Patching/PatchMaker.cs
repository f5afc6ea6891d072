namespace Hostup.Delta.Patching;

/// <summary>
/// Finds how new content is made from old content in pieces that differ in few bytes, after Percival's method (Naive Differences of
/// Executable Code, 2003): a match is taken up where it beats what the present alignment gives, and is then widened in both directions
/// as long as at least half of the bytes agree.
/// </summary>
internal sealed class PatchMaker(OldContent old)
{
    /// <summary>By so many bytes a match must beat the present alignment; a new piece costs about as much.</summary>
    private const int MustBeatBy = 8;

    /// <summary>While the present alignment agrees for so long nothing else is looked for.</summary>
    private const int LongRun = 16;

    private readonly List<PatchPiece> _pieces = [];
    private int _done;
    private int _shift;

    /// <summary>Makes the pieces; together they give exactly <paramref name="target"/>.</summary>
    public IReadOnlyList<PatchPiece> Make(ReadOnlySpan<byte> target)
    {
        _pieces.Clear();
        (_done, _shift) = (0, 0);
        int scan = 0;
        while (scan < target.Length)
        {
            int length = FindMatch(target, ref scan, out int at);
            Close(target, scan, at, length);
            _shift = at - scan;
            scan += length;
        }
        if (_done < target.Length)
            Close(target, target.Length, 0, 0);
        return _pieces;
    }

    /// <summary>Goes on to the next match that is better than the present alignment.</summary>
    /// <returns>Its length; zero at the end of the target.</returns>
    private int FindMatch(ReadOnlySpan<byte> target, ref int scan, out int at)
    {
        // agreeing = bytes of target[scan .. counted] that the present alignment gives too
        int agreeing = 0, counted = scan;
        while (scan < target.Length)
        {
            int run = RunAt(target, scan);
            int length = 0;
            at = 0;
            if (run < LongRun)
            {
                length = old.Longest(target[scan..], out at);
                for (; counted < scan + length; counted++)
                    agreeing += Agrees(target, counted) ? 1 : 0;
                if (length > agreeing + MustBeatBy)
                    return length;
            }
            if (run >= LongRun || (length == agreeing && length > 0))
            {
                scan += Math.Max(run, length);
                (agreeing, counted) = (0, scan);
                continue;
            }
            if (counted > scan && Agrees(target, scan))
                agreeing--;
            scan++;
            counted = Math.Max(counted, scan);
        }
        at = 0;
        return 0;
    }

    /// <summary>Adds the piece from what is done up to a match, which begins the next piece.</summary>
    private void Close(ReadOnlySpan<byte> target, int scan, int at, int length)
    {
        int from = _done, fromOld = _done + _shift;
        int forward = fromOld < 0 || fromOld > old.Bytes.Length ? 0 : Widen(target[from..scan], old.Bytes[fromOld..]);
        int back = length == 0 ? 0 : WidenBack(target[from..scan], old.Bytes[..at]);
        int overlap = from + forward - (scan - back);
        if (overlap > 0)
        {
            int keep = Split(target.Slice(scan - back, overlap), fromOld + (scan - back - from), at - back);
            forward += keep - overlap;
            back -= keep;
        }
        if (forward > 0 || scan - back > from)
            _pieces.Add(new PatchPiece(forward > 0 ? fromOld : 0, forward, scan - back - (from + forward)));
        _done = scan - back;
    }

    private int RunAt(ReadOnlySpan<byte> target, int scan)
    {
        int position = scan + _shift;
        return position < 0 || position >= old.Bytes.Length ? 0 : target[scan..].CommonPrefixLength(old.Bytes[position..]);
    }

    private bool Agrees(ReadOnlySpan<byte> target, int index) =>
        (uint)(index + _shift) < (uint)old.Bytes.Length && old.Bytes[index + _shift] == target[index];

    /// <summary>How far an alignment is worth going on: where agreeing bytes outnumber others by most.</summary>
    private static int Widen(ReadOnlySpan<byte> target, ReadOnlySpan<byte> from)
    {
        int best = 0, bestScore = 0, score = 0, end = Math.Min(target.Length, from.Length);
        for (int i = 0; i < end; i++)
        {
            score += target[i] == from[i] ? 1 : -1;
            if (score > bestScore)
                (best, bestScore) = (i + 1, score);
        }
        return best;
    }

    private static int WidenBack(ReadOnlySpan<byte> target, ReadOnlySpan<byte> before)
    {
        int best = 0, bestScore = 0, score = 0, end = Math.Min(target.Length, before.Length);
        for (int i = 1; i <= end; i++)
        {
            score += target[^i] == before[^i] ? 1 : -1;
            if (score > bestScore)
                (best, bestScore) = (i, score);
        }
        return best;
    }

    /// <summary>Of bytes that both alignments claim: how many of them the earlier one keeps.</summary>
    private int Split(ReadOnlySpan<byte> claimed, int earlier, int later)
    {
        int best = 0, bestScore = 0, score = 0;
        for (int i = 0; i < claimed.Length; i++)
        {
            score += (claimed[i] == old.Bytes[earlier + i] ? 1 : 0) - (claimed[i] == old.Bytes[later + i] ? 1 : 0);
            if (score > bestScore)
                (best, bestScore) = (i + 1, score);
        }
        return best;
    }
}
