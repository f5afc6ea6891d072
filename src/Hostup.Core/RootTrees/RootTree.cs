namespace Hostup.Core.RootTrees;

/// <summary>
/// A whole root tree in memory, without file contents: what the layers of an image come to, or what a directory holds. For builders
/// and the server; a device never needs one. docs/tree-digest.md says how layers become a tree.
/// </summary>
public sealed class RootTree
{
    /// <summary>Names a tree can have; a full desktop system has about 500,000.</summary>
    public const int MaxEntries = 2_000_000;

    /// <summary>Links followed by <see cref="Follow"/> before it gives up, as the Linux kernel does.</summary>
    private const int MaxLinks = 40;

    private readonly RootNode _root;

    private RootTree(RootNode root)
    {
        _root = root;
        using var digest = new TreeDigest();
        var space = new Ext4Estimate();
        foreach (var (entry, inode) in Walk(TreePath.Root, root))
        {
            digest.Add(entry, entry.Kind == TreeEntryKind.File ? inode.ContentHash : []);
            space.Add(entry);
        }
        Digest = digest.Finish();
        Sums = space.Sums();
    }

    /// <summary>The tree digest.</summary>
    public Digest Digest { get; }

    /// <summary>Sizes and the space it needs.</summary>
    public RootTreeSums Sums { get; }

    /// <summary>Every entry in canonical order, the root directory first; an empty /lost+found is left out.</summary>
    public IEnumerable<RootTreeEntry> Entries => EntriesBelow(TreePath.Root).Prepend(Describe(_root.Inode.Entry, _root.Inode));

    /// <summary>Reads all layers (or a directory) to the end, hashing contents as they stream by.</summary>
    /// <param name="layers">The entries; read to the end, not disposed.</param>
    /// <param name="captured">Paths of files (at most 16 MiB each) whose content is kept, for <see cref="ContentOf"/>.</param>
    /// <param name="ct">Cancels between entries and reads.</param>
    /// <exception cref="Errors.HostupException"><c>bad-image</c> for more than <see cref="MaxEntries"/> names, links that lead nowhere or parents that are no directories; and the codes of the source.</exception>
    public static async Task<RootTree> ReadAsync(ITreeReader layers, IReadOnlySet<TreePath> captured, CancellationToken ct)
    {
        var builder = new RootTreeBuilder(captured);
        await builder.ApplyAsync(layers, ct).ConfigureAwait(false);
        return new RootTree(builder.Root);
    }

    /// <summary>The entry at exactly this path, links not followed. Every name of a hard-linked file is given as the file.</summary>
    /// <returns>Null when there is none.</returns>
    public RootTreeEntry? Find(TreePath path) => Find(_root, path) is { } node ? Describe(node.Inode.Entry with { Path = path }, node.Inode) : null;

    /// <summary>Where this path leads when symbolic links are followed inside the tree, as a process whose root it is would see it.</summary>
    /// <returns>A path without links; null when it leads nowhere or round in a circle.</returns>
    public TreePath? Follow(TreePath path)
    {
        var pending = new Stack<byte[]>(Components(path.Bytes));
        var (here, node, links) = (TreePath.Root, _root, 0);
        while (pending.TryPop(out var name))
        {
            if (name is [(byte)'.', (byte)'.'])
            {
                here = here.Parent;
                node = Find(_root, here)!;
                continue;
            }
            if (node.Child(name) is not { } child)
                return null;
            if (child.Inode.Entry.Kind != TreeEntryKind.SymbolicLink)
            {
                (here, node) = (here.Child(name), child);
                continue;
            }
            if (++links > MaxLinks)
                return null;
            var target = child.Inode.Entry.SymbolicTarget.Span;
            if (target is [(byte)'/', ..])
                (here, node) = (TreePath.Root, _root);
            foreach (var component in Components(target))
                pending.Push(component);
        }
        return here;
    }

    /// <summary>Everything below a directory in canonical order, the directory itself not included.</summary>
    public IEnumerable<RootTreeEntry> EntriesBelow(TreePath directory) => Find(_root, directory) is { } node
        ? Walk(directory, node).Skip(1).Select(e => Describe(e.Entry, e.Inode))
        : [];

    /// <summary>Content of a file that was asked for when the tree was read; links not followed.</summary>
    /// <returns>Null when there is no such file or its content was not asked for.</returns>
    public ReadOnlyMemory<byte>? ContentOf(TreePath path) => Find(_root, path)?.Inode.Captured;

    internal static RootNode? Find(RootNode root, TreePath path)
    {
        if (path.IsRoot)
            return root;
        var node = root;
        foreach (var range in path.Bytes.Split((byte)'/'))
        {
            if (node.Child(path.Bytes[range]) is not { } child)
                return null;
            node = child;
        }
        return node;
    }

    private static RootTreeEntry Describe(TreeEntry entry, RootInode inode) =>
        new(entry, entry.Kind == TreeEntryKind.File ? Core.Digest.FromHash(inode.ContentHash) : null);

    private static IEnumerable<(TreeEntry Entry, RootInode Inode)> Walk(TreePath start, RootNode startNode)
    {
        var firstNames = new Dictionary<RootInode, TreePath>(ReferenceEqualityComparer.Instance);
        var pending = new Stack<(TreePath Path, RootNode Node)>([(start, startNode)]);
        while (pending.TryPop(out var next))
        {
            var (path, node) = next;
            if (node.IsDirectory && node.ChildCount == 0 && path.Bytes.SequenceEqual("lost+found"u8))
                continue;
            if (node.Inode.Names > 1 && !firstNames.TryAdd(node.Inode, path))
                yield return (new TreeEntry { Path = path, Kind = TreeEntryKind.HardLink, LinkTarget = firstNames[node.Inode] }, node.Inode);
            else
                yield return (node.Inode.Entry with { Path = path }, node.Inode);
            var children = node.SortedChildren();
            for (int i = children.Length - 1; i >= 0; i--)
                pending.Push((path.Child(children[i].Name), children[i]));
        }
    }

    /// <summary>Components last first, ready to be pushed.</summary>
    private static List<byte[]> Components(ReadOnlySpan<byte> path)
    {
        var components = new List<byte[]>();
        foreach (var range in path.Split((byte)'/'))
            if (path[range] is not ([] or [(byte)'.']))
                components.Add(path[range].ToArray());
        components.Reverse();
        return components;
    }
}
