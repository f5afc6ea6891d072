namespace Hostup.Core.RootTrees;

/// <summary>One name in a root tree. Names of one hard-linked file share the inode.</summary>
internal sealed class RootNode(byte[] name, RootInode inode)
{
    private Dictionary<byte[], RootNode>? _children;

    public byte[] Name { get; } = name;

    public RootInode Inode { get; set; } = inode;

    public bool IsDirectory => Inode.Entry.Kind == TreeEntryKind.Directory;

    public int ChildCount => _children?.Count ?? 0;

    public RootNode? Child(ReadOnlySpan<byte> name) =>
        _children is not null && _children.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out var child) ? child : null;

    public void Add(RootNode child) => (_children ??= new(NameComparer.Instance)).Add(child.Name, child);

    public RootNode? Remove(ReadOnlySpan<byte> name) =>
        _children is not null && _children.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(name, out _, out var child) ? child : null;

    /// <summary>Children in canonical order.</summary>
    public RootNode[] SortedChildren()
    {
        if (_children is null)
            return [];
        RootNode[] sorted = [.. _children.Values];
        Array.Sort(sorted, (a, b) => a.Name.AsSpan().SequenceCompareTo(b.Name));
        return sorted;
    }

    public IEnumerable<RootNode> Children => _children?.Values ?? Enumerable.Empty<RootNode>();

    private sealed class NameComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly NameComparer Instance = new();

        public bool Equals(byte[]? a, byte[]? b) => a.AsSpan().SequenceEqual(b);

        public int GetHashCode(byte[] name) => GetHashCode(name.AsSpan());

        public bool Equals(ReadOnlySpan<byte> a, byte[] b) => a.SequenceEqual(b);

        public int GetHashCode(ReadOnlySpan<byte> name)
        {
            var hash = new HashCode();
            hash.AddBytes(name);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> name) => name.ToArray();
    }
}

/// <summary>What one or more names of a root tree stand for.</summary>
internal sealed class RootInode(TreeEntry entry)
{
    /// <summary>Its metadata; the path in it is the one under which it came.</summary>
    public TreeEntry Entry { get; set; } = entry;

    /// <summary>SHA-256 of the content of a file; empty for everything else.</summary>
    public byte[] ContentHash { get; set; } = [];

    public ReadOnlyMemory<byte>? Captured { get; set; }

    public int Names { get; set; } = 1;
}
