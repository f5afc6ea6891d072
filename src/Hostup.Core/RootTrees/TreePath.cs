using System.Text;
using Hostup.Core.Errors;

namespace Hostup.Core.RootTrees;

/// <summary>
/// A path inside a root tree as the bytes that the file system holds: components joined by '/', no leading or trailing slash,
/// none of them empty, "." or "..". The root directory is the empty path. File names are bytes, not text.
/// </summary>
public readonly struct TreePath : IEquatable<TreePath>, IComparable<TreePath>
{
    private readonly byte[]? _bytes;

    private TreePath(byte[] bytes) => _bytes = bytes;

    /// <summary>The root directory.</summary>
    public static TreePath Root => default;

    /// <summary>The bytes of the path.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Whether this is the root directory.</summary>
    public bool IsRoot => Bytes.IsEmpty;

    /// <summary>The directory that holds this entry; the root's parent is the root.</summary>
    public TreePath Parent
    {
        get
        {
            int slash = Bytes.LastIndexOf((byte)'/');
            return slash < 0 ? Root : new TreePath(Bytes[..slash].ToArray());
        }
    }

    /// <summary>The last component; empty for the root.</summary>
    public ReadOnlySpan<byte> Name => Bytes[(Bytes.LastIndexOf((byte)'/') + 1)..];

    /// <summary>
    /// Reads a path as archives write it: leading "./" and "/" and trailing "/" are dropped.
    /// </summary>
    /// <exception cref="HostupException"><c>bad-image</c> for a component ".." or a NUL byte, or more than 4096 bytes (PATH_MAX).</exception>
    public static TreePath Parse(ReadOnlySpan<byte> raw)
    {
        if (raw.Length > 4096 || raw.Contains((byte)0))
            throw Bad(raw, "it is longer than 4096 bytes or holds a NUL byte");
        var clean = new List<byte>(raw.Length);
        foreach (var range in raw.Split((byte)'/'))
        {
            var component = raw[range];
            if (component.IsEmpty || component is [(byte)'.'])
                continue;
            if (component is [(byte)'.', (byte)'.'])
                throw Bad(raw, "it leaves the tree with '..'");
            if (clean.Count > 0)
                clean.Add((byte)'/');
            clean.AddRange(component);
        }
        return new TreePath([.. clean]);
    }

    /// <summary>Reads a path given as text (UTF-8).</summary>
    public static TreePath Parse(string text) => Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>The entry of this name inside this directory.</summary>
    public TreePath Child(ReadOnlySpan<byte> name) => IsRoot ? new TreePath(name.ToArray()) : new TreePath([.. Bytes, (byte)'/', .. name]);

    /// <summary>Whether this path lies below <paramref name="directory"/> (not the directory itself).</summary>
    public bool IsBelow(TreePath directory) => !IsRoot
        && (directory.IsRoot || (Bytes.Length > directory.Bytes.Length && Bytes.StartsWith(directory.Bytes) && Bytes[directory.Bytes.Length] == (byte)'/'));

    /// <summary>
    /// Canonical order: as byte strings with '/' lower than every other byte, so that a directory is followed by all that is in it.
    /// </summary>
    public int CompareTo(TreePath other)
    {
        int common = Bytes.CommonPrefixLength(other.Bytes);
        if (common == Bytes.Length || common == other.Bytes.Length)
            return Bytes.Length.CompareTo(other.Bytes.Length);
        return Rank(Bytes[common]).CompareTo(Rank(other.Bytes[common]));

        static int Rank(byte b) => b == (byte)'/' ? -1 : b;
    }

    /// <inheritdoc/>
    public bool Equals(TreePath other) => Bytes.SequenceEqual(other.Bytes);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is TreePath other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>The path for people; bytes that are not UTF-8 show as the replacement character.</summary>
    public override string ToString() => "/" + Encoding.UTF8.GetString(Bytes);

    /// <summary>Equality of bytes.</summary>
    public static bool operator ==(TreePath a, TreePath b) => a.Equals(b);

    /// <summary>Inequality of bytes.</summary>
    public static bool operator !=(TreePath a, TreePath b) => !a.Equals(b);

    /// <summary>Canonical order.</summary>
    public static bool operator <(TreePath a, TreePath b) => a.CompareTo(b) < 0;

    /// <summary>Canonical order.</summary>
    public static bool operator >(TreePath a, TreePath b) => a.CompareTo(b) > 0;

    /// <summary>Canonical order.</summary>
    public static bool operator <=(TreePath a, TreePath b) => a.CompareTo(b) <= 0;

    /// <summary>Canonical order.</summary>
    public static bool operator >=(TreePath a, TreePath b) => a.CompareTo(b) >= 0;

    private static HostupException Bad(ReadOnlySpan<byte> raw, string why) => new(
        HostupErrors.BadImage, $"cannot use path '{Encoding.UTF8.GetString(raw[..Math.Min(raw.Length, 200)])}' of an image", why, "build the image again without that entry");
}
