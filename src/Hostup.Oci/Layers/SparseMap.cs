using System.Globalization;
using System.Text;

namespace Hostup.Oci.Layers;

/// <summary>Where the stored bytes of a sparse file belong. Segments ascend and do not overlap; their lengths add up to what is stored.</summary>
internal sealed class SparseMap
{
    /// <summary>16 bytes each: 1 MiB of memory.</summary>
    public const int MaxSegments = 65_536;

    private readonly List<(long Offset, long Length)> _segments = [];

    public IReadOnlyList<(long Offset, long Length)> Segments => _segments;

    /// <summary>From offsets and lengths in turn.</summary>
    public static SparseMap FromNumbers(IReadOnlyList<long> numbers, long realSize, long storedSize)
    {
        if (numbers.Count % 2 != 0)
            throw TarErrors.Bad("the map of a sparse file has an odd number of values");
        var map = new SparseMap();
        for (int i = 0; i < numbers.Count; i += 2)
            map.Add(numbers[i], numbers[i + 1]);
        map.Check(realSize, storedSize);
        return map;
    }

    /// <summary>GNU's old format: four segments in the header, 21 in each block that follows.</summary>
    public static async ValueTask<SparseMap> ReadGnuAsync(byte[] header, TarInput input, long storedSize, CancellationToken ct)
    {
        var map = new SparseMap();
        long realSize = TarHeader.Number(header.AsSpan(483, 12));
        map.AddFields(header.AsSpan(386, 4 * 24));
        for (bool more = header[482] != 0; more;)
        {
            var block = await input.ReadBlockAsync(ct).ConfigureAwait(false);
            if (block.IsEmpty)
                throw TarErrors.Bad("the map of a sparse file is cut off");
            map.AddFields(block.Span[..(21 * 24)]);
            more = block.Span[504] != 0;
        }
        map.Check(realSize, storedSize);
        return map;
    }

    /// <summary>GNU's pax format 1.0: decimal lines before the content, padded to a whole block.</summary>
    /// <returns>The map and how many bytes of the entry it took.</returns>
    public static async ValueTask<(SparseMap Map, long Bytes)> ReadPaxAsync(TarInput input, long realSize, long entrySize, CancellationToken ct)
    {
        var map = new SparseMap();
        long bytes = 0, left = -1, offset = -1;
        var line = new StringBuilder();
        while (left != 0)
        {
            if (bytes + TarInput.BlockBytes > entrySize)
                throw TarErrors.Bad("the map of a sparse file is longer than the file");
            var block = await input.ReadExactlyAsync(TarInput.BlockBytes, ct).ConfigureAwait(false);
            bytes += TarInput.BlockBytes;
            foreach (byte b in block)
            {
                if (b != '\n')
                {
                    if (line.Append((char)b).Length > 20)
                        throw TarErrors.Bad("the map of a sparse file is malformed");
                    continue;
                }
                if (!long.TryParse(line.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                    throw TarErrors.Bad("the map of a sparse file is malformed");
                line.Clear();
                (left, offset) = map.Take(number, left, offset);
                if (left == 0)
                    break;
            }
        }
        map.Check(realSize, entrySize - bytes);
        return (map, bytes);
    }

    /// <summary>One number of format 1.0: first the count, then offset and length in turn.</summary>
    private (long Left, long Offset) Take(long number, long left, long offset)
    {
        if (left < 0)
            return number <= MaxSegments ? (number * 2, -1) : throw TarErrors.Bad("the map of a sparse file is too long");
        if (left % 2 == 0)
            return (left - 1, number);
        Add(offset, number);
        return (left - 1, -1);
    }

    private void AddFields(ReadOnlySpan<byte> fields)
    {
        for (; !fields.IsEmpty; fields = fields[24..])
            if (fields[0] != 0)
                Add(TarHeader.Number(fields[..12]), TarHeader.Number(fields.Slice(12, 12)));
    }

    private void Add(long offset, long length)
    {
        long after = _segments is [.., var last] ? last.Offset + last.Length : 0;
        if (_segments.Count >= MaxSegments || offset < after || length < 0 || length > long.MaxValue - offset)
            throw TarErrors.Bad("the map of a sparse file is out of order or too long");
        _segments.Add((offset, length));
    }

    private void Check(long realSize, long storedSize)
    {
        long end = _segments is [.., var last] ? last.Offset + last.Length : 0;
        if (end > realSize || _segments.Sum(s => s.Length) != storedSize)
            throw TarErrors.Bad("the map of a sparse file does not match its size");
        RealSize = realSize;
    }

    /// <summary>Length of the file with its holes.</summary>
    public long RealSize { get; private set; }
}
