using System.Collections;

namespace Hostup.Delta.Patching;

/// <summary>
/// All suffixes of a text in order, by induced sorting (Nong, Zhang, Chan: Two Efficient Algorithms for Linear Time Suffix Array
/// Construction, 2011). Linear time; memory is 4 bytes a symbol for the result, one bit a symbol, and the counts of the alphabet.
/// </summary>
internal static class SuffixArray
{
    /// <summary>Sorts the suffixes of the first <paramref name="length"/> bytes.</summary>
    public static int[] Sort(byte[] text, int length)
    {
        int[] order = new int[length];
        Sort(new ByteSymbols(text, length), order, 256);
        return order;
    }

    /// <summary>Uses order[0 .. text.Length] only, so that a reduced text can lie behind it.</summary>
    private static void Sort<T>(T text, int[] order, int alphabet)
        where T : struct, ISymbols
    {
        int length = text.Length;
        if (length < 2)
        {
            order.AsSpan(0, length).Clear();
            return;
        }
        var rising = Rising(text);
        int[] counts = Count(text, alphabet), place = new int[alphabet];
        var all = order.AsSpan(0, length);

        // 1. Sort the substrings between valleys: valleys in any order, then induced.
        all.Fill(-1);
        Ends(counts, place);
        for (int i = 1; i < length; i++)
            if (IsValley(rising, i))
                order[--place[text[i]]] = i;
        Induce(text, order, rising, counts, place);

        // 2. Name them, and sort the text of names.
        int valleys = Gather(text, order, rising);
        int names = Name(text, order, rising, valleys);
        int reduced = length - valleys;
        if (names < valleys)
        {
            Sort(new NameSymbols(order, reduced, valleys), order, names);
        }
        else
        {
            for (int i = 0; i < valleys; i++)
                order[order[reduced + i]] = i;
        }

        // 3. Valleys in their true order, then induced.
        Restore(text, order, rising, valleys);
        order.AsSpan(valleys, length - valleys).Fill(-1);
        Ends(counts, place);
        for (int i = valleys - 1; i >= 0; i--)
        {
            int valley = order[i];
            order[i] = -1;
            order[--place[text[valley]]] = valley;
        }
        Induce(text, order, rising, counts, place);
    }

    /// <summary>True where a suffix is smaller than the next one; the end of the text is smaller than every symbol.</summary>
    private static BitArray Rising<T>(T text)
        where T : struct, ISymbols
    {
        var rising = new BitArray(text.Length);
        bool next = false;
        for (int i = text.Length - 2; i >= 0; i--)
        {
            int here = text[i], after = text[i + 1];
            next = here < after || (here == after && next);
            rising[i] = next;
        }
        return rising;
    }

    /// <summary>A rising suffix after a falling one.</summary>
    private static bool IsValley(BitArray rising, int at) => at > 0 && rising[at] && !rising[at - 1];

    private static int[] Count<T>(T text, int alphabet)
        where T : struct, ISymbols
    {
        int[] counts = new int[alphabet];
        for (int i = 0; i < text.Length; i++)
            counts[text[i]]++;
        return counts;
    }

    private static void Ends(int[] counts, int[] place)
    {
        int sum = 0;
        for (int i = 0; i < counts.Length; i++)
            place[i] = sum += counts[i];
    }

    private static void Starts(int[] counts, int[] place)
    {
        int sum = 0;
        for (int i = 0; i < counts.Length; sum += counts[i++])
            place[i] = sum;
    }

    /// <summary>From sorted valleys to all falling suffixes, left to right, and from these to all rising ones, right to left.</summary>
    private static void Induce<T>(T text, int[] order, BitArray rising, int[] counts, int[] place)
        where T : struct, ISymbols
    {
        int length = text.Length;
        Starts(counts, place);
        order[place[text[length - 1]]++] = length - 1;
        for (int i = 0; i < length; i++)
        {
            int before = order[i] - 1;
            if (before >= 0 && !rising[before])
                order[place[text[before]]++] = before;
        }
        Ends(counts, place);
        for (int i = length - 1; i >= 0; i--)
        {
            int before = order[i] - 1;
            if (before >= 0 && rising[before])
                order[--place[text[before]]] = before;
        }
    }

    /// <summary>Moves the valleys, in the order of their substrings, to the front.</summary>
    private static int Gather<T>(T text, int[] order, BitArray rising)
        where T : struct, ISymbols
    {
        int valleys = 0;
        for (int i = 0; i < text.Length; i++)
            if (IsValley(rising, order[i]))
                order[valleys++] = order[i];
        order.AsSpan(valleys, text.Length - valleys).Fill(-1);
        return valleys;
    }

    /// <summary>Gives equal substrings one name, and leaves the names in text order at the end of the array. Valleys are at least two apart, so that half a position is a free place.</summary>
    private static int Name<T>(T text, int[] order, BitArray rising, int valleys)
        where T : struct, ISymbols
    {
        int names = 0, last = -1;
        for (int i = 0; i < valleys; i++)
        {
            int here = order[i];
            if (last < 0 || !SameSubstring(text, rising, last, here))
                names++;
            order[valleys + (here / 2)] = names - 1;
            last = here;
        }
        int at = text.Length - 1;
        for (int i = text.Length - 1; i >= valleys; i--)
            if (order[i] >= 0)
                order[at--] = order[i];
        return names;
    }

    private static bool SameSubstring<T>(T text, BitArray rising, int a, int b)
        where T : struct, ISymbols
    {
        for (int i = 0; a + i < text.Length && b + i < text.Length; i++)
        {
            if (text[a + i] != text[b + i] || rising[a + i] != rising[b + i])
                return false;
            if (i > 0 && (IsValley(rising, a + i) || IsValley(rising, b + i)))
                return IsValley(rising, a + i) && IsValley(rising, b + i);
        }
        return false;
    }

    private static void Restore<T>(T text, int[] order, BitArray rising, int valleys)
        where T : struct, ISymbols
    {
        int reduced = text.Length - valleys, next = reduced;
        for (int i = 1; i < text.Length; i++)
            if (IsValley(rising, i))
                order[next++] = i;
        for (int i = 0; i < valleys; i++)
            order[i] = order[reduced + order[i]];
    }
}
