namespace Hostup.Delta.Patching;

/// <summary>Old content with its suffixes sorted, to find the longest match for any new bytes.</summary>
internal sealed class OldContent
{
    /// <summary>A longer match is found again where this one ends.</summary>
    private const int LongestMatch = 64 << 10;

    /// <summary>From here on a table of the first two bytes saves more comparisons than it costs to fill.</summary>
    private const int TableFromBytes = 64 << 10;

    private readonly byte[] _bytes;
    private readonly int _length;
    private readonly int[] _order;
    private readonly int[]? _firstOf;
    private readonly int[]? _endOf;

    public OldContent(byte[] bytes, int length)
    {
        (_bytes, _length, _order) = (bytes, length, SuffixArray.Sort(bytes, length));
        if (length < TableFromBytes)
            return;
        (_firstOf, _endOf) = (new int[1 << 16], new int[1 << 16]);
        int last = -1;
        for (int i = 0; i < length; i++)
        {
            // the suffix of one byte stands before all others with that byte
            if (_order[i] == length - 1)
                continue;
            int pair = (bytes[_order[i]] << 8) | bytes[_order[i] + 1];
            if (pair != last)
                _firstOf[pair] = i;
            _endOf[pair] = i + 1;
            last = pair;
        }
    }

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    /// <summary>Longest match for the beginning of some bytes; of at least two.</summary>
    /// <returns>Its length; zero: none.</returns>
    public int Longest(ReadOnlySpan<byte> wanted, out int at)
    {
        at = 0;
        if (wanted.Length < 2 || _length < 2)
            return 0;
        if (wanted.Length > LongestMatch)
            wanted = wanted[..LongestMatch];
        int low = 0, high = _length;
        if (_firstOf is not null)
        {
            int pair = (wanted[0] << 8) | wanted[1];
            (low, high) = (_firstOf[pair], _endOf![pair]);
        }
        int best = 0, lowCommon = 0, highCommon = 0;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            int start = _order[middle];
            int known = Math.Min(lowCommon, highCommon);
            var suffix = _bytes.AsSpan(start, Math.Min(_length - start, wanted.Length));
            int common = known + suffix[Math.Min(known, suffix.Length)..].CommonPrefixLength(wanted[known..]);
            if (common > best)
                (best, at) = (common, start);
            if (common == wanted.Length)
                break;
            if (common == suffix.Length || suffix[common] < wanted[common])
                (low, lowCommon) = (middle + 1, common);
            else
                (high, highCommon) = (middle, common);
        }
        return best >= 2 ? best : 0;
    }
}
