using System.Security.Cryptography;
using Hostup.Core.Errors;

namespace Hostup.Core.RootTrees;

/// <summary>Applies the entries of layers, lowest first, to a tree in memory by the rules of docs/tree-digest.md.</summary>
internal sealed class RootTreeBuilder(IReadOnlySet<TreePath> captured)
{
    /// <summary>Names, link targets and attributes together; a real OS has some 10 MB of them.</summary>
    private const long MaxTextBytes = 512L << 20;
    /// <summary>Captured files are texts such as os-release; the list of packages of a full desktop system has 4 MiB.</summary>
    private const int MaxCapturedBytes = 16 << 20;

    private long _names = 1;
    private long _textBytes;

    /// <summary>Stands for every parent that no layer describes; listings give each its own path.</summary>
    private static readonly TreeEntry MissingParent = new() { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ };

    public RootNode Root { get; } = new([], new RootInode(MissingParent));

    public async Task ApplyAsync(ITreeReader layers, CancellationToken ct)
    {
        var buffer = new byte[128 * 1024];
        while (await layers.NextAsync(ct).ConfigureAwait(false) is { } entry)
        {
            if (entry.Kind != TreeEntryKind.File)
            {
                Apply(entry);
                continue;
            }
            var inode = new RootInode(entry);
            Place(entry.Path, inode);
            await ReadContentAsync(layers, inode, buffer, ct).ConfigureAwait(false);
        }
    }

    private void Apply(TreeEntry entry)
    {
        switch (entry.Kind)
        {
            case TreeEntryKind.Whiteout:
                if (Find(entry.Path.Parent) is { } parent && parent.Remove(entry.Path.Name) is { } gone)
                    Forget(gone);
                break;
            case TreeEntryKind.OpaqueDirectory:
                if (Find(entry.Path) is { } directory)
                    foreach (var child in directory.SortedChildren())
                        Forget(directory.Remove(child.Name)!);
                break;
            case TreeEntryKind.HardLink:
                Link(entry);
                break;
            case TreeEntryKind.Directory when Find(entry.Path) is { IsDirectory: true } existing:
                Weigh(entry);
                existing.Inode.Entry = entry;
                break;
            default:
                Place(entry.Path, new RootInode(entry));
                break;
        }
    }

    private void Link(TreeEntry entry)
    {
        var target = Find(entry.LinkTarget);
        if (target is null || target.IsDirectory)
            throw Bad(entry.Path, $"it is a hard link to {entry.LinkTarget}, which is {(target is null ? "not there" : "a directory")}");
        if (entry.LinkTarget == entry.Path)
            return;
        target.Inode.Names++;
        Place(entry.Path, target.Inode);
        if (Find(entry.LinkTarget) is null)
            throw Bad(entry.Path, $"it replaces the directory that holds its target {entry.LinkTarget}");
    }

    private void Place(TreePath path, RootInode inode)
    {
        if (path.IsRoot)
            throw Bad(path, "the root of the tree is not a directory");
        Weigh(inode.Entry);
        var parent = ParentOf(path);
        if (parent.Remove(path.Name) is { } replaced)
            Forget(replaced);
        Add(parent, path.Name, path, inode);
    }

    private RootNode ParentOf(TreePath path)
    {
        var node = Root;
        int start = 0;
        var bytes = path.Bytes;
        while (bytes[start..].IndexOf((byte)'/') is var length and >= 0)
        {
            var name = bytes.Slice(start, length);
            start += length + 1;
            var child = node.Child(name) ?? Add(node, name, path, new RootInode(MissingParent));
            node = child.IsDirectory ? child : throw Bad(path, $"{TreePath.Parse(bytes[..(start - 1)])} is not a directory");
        }
        return node;
    }

    private RootNode Add(RootNode parent, ReadOnlySpan<byte> name, TreePath reason, RootInode inode)
    {
        if (++_names > RootTree.MaxEntries)
            throw Bad(reason, $"the image has more than {RootTree.MaxEntries} entries");
        var node = new RootNode(name.ToArray(), inode);
        parent.Add(node);
        return node;
    }

    private void Weigh(TreeEntry entry)
    {
        _textBytes += entry.Path.Bytes.Length + entry.SymbolicTarget.Length;
        foreach (var attribute in entry.ExtendedAttributes)
            _textBytes += attribute.Name.Length + attribute.Value.Length;
        if (_textBytes > MaxTextBytes)
            throw Bad(entry.Path, $"names, links and attributes of the image take more than {new ByteCount(MaxTextBytes)}");
    }

    private void Forget(RootNode gone)
    {
        var pending = new Stack<RootNode>([gone]);
        while (pending.TryPop(out var node))
        {
            _names--;
            node.Inode.Names--;
            foreach (var child in node.Children)
                pending.Push(child);
        }
    }

    private RootNode? Find(TreePath path) => RootTree.Find(Root, path);

    private async Task ReadContentAsync(ITreeReader layers, RootInode inode, byte[] buffer, CancellationToken ct)
    {
        bool capture = captured.Contains(inode.Entry.Path);
        if (capture && inode.Entry.Size > MaxCapturedBytes)
            throw Bad(inode.Entry.Path, $"it has {new ByteCount(inode.Entry.Size)}, at most {new ByteCount(MaxCapturedBytes)} can be read into memory");
        using var content = capture ? new MemoryStream() : null;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        while (await layers.ReadAsync(buffer, ct).ConfigureAwait(false) is > 0 and var read)
        {
            hash.AppendData(buffer, 0, read);
            content?.Write(buffer, 0, read);
            total += read;
        }
        if (total != inode.Entry.Size)
            throw Bad(inode.Entry.Path, $"it has {total} bytes of content, {inode.Entry.Size} were announced");
        inode.ContentHash = hash.GetHashAndReset();
        if (content is not null)
            inode.Captured = content.ToArray();
    }

    private static HostupException Bad(TreePath path, string why) =>
        new(HostupErrors.BadImage, $"cannot use entry {path} of the image", why, "build the image again");
}
