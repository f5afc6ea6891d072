using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Hostup.Core.RootTrees;

namespace Hostup.Oci.Layers;

/// <summary>The records of pax extended headers (POSIX.1-2001) that matter to us, with star's, libarchive's and GNU tar's own keywords.</summary>
internal sealed class PaxRecords
{
    /// <summary>Linux takes values up to 64 KiB; more headers than this are an attack.</summary>
    public const int MaxBytes = 1 << 20;

    private readonly Dictionary<string, byte[]> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _attributes = new(StringComparer.Ordinal);
    private readonly List<long> _sparseNumbers = [];

    public byte[]? Path => Bytes("GNU.sparse.name") ?? Bytes("path");
    public byte[]? LinkPath => Bytes("linkpath");
    public long? Size => Number("size");
    public long? UserId => Number("uid");
    public long? GroupId => Number("gid");
    public long? ModifiedSeconds => Number("mtime");
    public long? DeviceMajor => Number("SCHILY.devmajor");
    public long? DeviceMinor => Number("SCHILY.devminor");

    /// <summary>Length of a sparse file with its holes; null for other files.</summary>
    public long? SparseSize => Number("GNU.sparse.realsize") ?? Number("GNU.sparse.size");

    /// <summary>Whether the map of a sparse file stands before its content (GNU pax format 1.0).</summary>
    public bool SparseMapInContent => Number("GNU.sparse.major") == 1;

    /// <summary>Offsets and lengths in turn, from GNU pax formats 0.0 and 0.1.</summary>
    public IReadOnlyList<long> SparseNumbers => _sparseNumbers;

    public IReadOnlyList<ExtendedAttribute> ExtendedAttributes =>
        _attributes.Count == 0 ? [] : [.. _attributes.Select(a => new ExtendedAttribute(a.Key, a.Value))];

    /// <summary>Adds records over those that are there: "length keyword=value\n", the length in decimal and counting itself.</summary>
    public void Add(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            int blank = records.IndexOf((byte)' ');
            if (blank is < 1 or > 10 || !Utf8Parser.TryParse(records[..blank], out int length, out int used) || used != blank
                || length <= blank + 2 || length > records.Length || records[length - 1] != '\n')
                throw TarErrors.Bad("an extended header is malformed");
            var record = records[(blank + 1)..(length - 1)];
            int equals = record.IndexOf((byte)'=');
            if (equals < 1)
                throw TarErrors.Bad("an extended header has no keyword");
            Set(Encoding.UTF8.GetString(record[..equals]), record[(equals + 1)..]);
            records = records[length..];
        }
    }

    /// <summary>Copy to which the records of one entry can be added.</summary>
    public PaxRecords Copy()
    {
        var copy = new PaxRecords();
        foreach (var (key, value) in _values)
            copy._values[key] = value;
        foreach (var (key, value) in _attributes)
            copy._attributes[key] = value;
        return copy;
    }

    private void Set(string key, ReadOnlySpan<byte> value)
    {
        if (key is "GNU.sparse.offset" or "GNU.sparse.numbytes")
            AddSparse(Decimal(value));
        else if (key == "GNU.sparse.map")
            foreach (var range in value.Split((byte)','))
                AddSparse(Decimal(value[range]));
        else if (key.StartsWith("SCHILY.xattr.", StringComparison.Ordinal))
            _attributes[key["SCHILY.xattr.".Length..]] = value.ToArray();
        else if (key.StartsWith("LIBARCHIVE.xattr.", StringComparison.Ordinal))
            _attributes.TryAdd(Uri.UnescapeDataString(key["LIBARCHIVE.xattr.".Length..]), FromBase64(value));
        else if (value.IsEmpty)
            _values.Remove(key);
        else
            _values[key] = value.ToArray();
    }

    private void AddSparse(long number)
    {
        if (_sparseNumbers.Count >= 2 * SparseMap.MaxSegments)
            throw TarErrors.Bad("the map of a sparse file is too long");
        _sparseNumbers.Add(number);
    }

    private byte[]? Bytes(string key) => _values.GetValueOrDefault(key);

    private long? Number(string key) => _values.TryGetValue(key, out var value) ? Decimal(value) : null;

    /// <summary>Decimal with an optional fraction, rounded down as file systems do.</summary>
    private static long Decimal(ReadOnlySpan<byte> value)
    {
        int point = value.IndexOf((byte)'.');
        var whole = point < 0 ? value : value[..point];
        if (!long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
            throw TarErrors.Bad("a number in an extended header is not decimal");
        bool fraction = point >= 0 && value[(point + 1)..].ContainsAnyExcept((byte)'0');
        return fraction && value[0] == '-' ? number - 1 : number;
    }

    /// <summary>libarchive leaves the padding out.</summary>
    private static byte[] FromBase64(ReadOnlySpan<byte> value)
    {
        try
        {
            var text = Encoding.ASCII.GetString(value).TrimEnd('=');
            return Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='));
        }
        catch (FormatException e)
        {
            throw TarErrors.Bad("an extended attribute is not base64", e);
        }
    }
}
