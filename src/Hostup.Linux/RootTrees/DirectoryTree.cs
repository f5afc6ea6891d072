using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Linux.Native;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// A mounted root tree as the base of a delta: listed once without reading contents, its files opened one at a time as they are needed,
/// never through a symbolic link.
/// </summary>
/// <remarks>Not thread-safe. Memory: the listing, about 300 bytes a name.</remarks>
public sealed class DirectoryTree : IDeltaTree, IDisposable
{
    private readonly string _directory;
    private readonly int _root;
    private readonly TreeDirectories _parents;

    private DirectoryTree(string directory, IReadOnlyList<TreeEntry> entries, int root) =>
        (_directory, Entries, _root, _parents) = (directory, entries, root, new TreeDirectories(directory, root));

    /// <inheritdoc/>
    public IReadOnlyList<TreeEntry> Entries { get; }

    /// <summary>Lists a directory.</summary>
    /// <param name="directory">Where the tree is mounted read-only.</param>
    /// <param name="ct">Cancels between entries.</param>
    /// <exception cref="HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    public static async Task<DirectoryTree> ListAsync(string directory, CancellationToken ct)
    {
        var entries = new List<TreeEntry>();
        var reader = new DirectoryTreeReader(directory);
        await using var _ = reader.ConfigureAwait(false);
        while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
            entries.Add(entry);
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(directory), 0];
        int root = FileCalls.OpenAt(EntryCalls.CurrentDirectory, path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        return root >= 0 ? new DirectoryTree(directory, entries, root) : throw TreeErrors.Read(directory, [], "opening", Errno.Last);
    }

    /// <inheritdoc/>
    public IDeltaContent Open(int entry)
    {
        var path = Entries[entry].Path;
        int parent = _parents.Open(path.Parent, null);
        int file = parent < 0 ? parent : FileCalls.OpenAt(parent, [.. path.Name, 0], OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.CloseOnExec | OpenFlags.LargeFile, 0);
        if (file < 0)
            throw Changed(path, Errno.Text(parent < 0 ? -parent : Errno.Last));
        return new Content(this, path, new SafeFileHandle(file, ownsHandle: true));
    }

    /// <summary>Closes all handles.</summary>
    public void Dispose()
    {
        _parents.Dispose();
        _ = FileCalls.Close(_root);
    }

    private HostupException Changed(TreePath path, string why) =>
        new(HostupErrors.DeltaOld, $"cannot read {path} below {_directory}", why, "use a delta from the tree that is there, or the full image");

    private sealed class Content(DirectoryTree tree, TreePath path, SafeFileHandle file) : IDeltaContent
    {
        public long Length { get; } = RandomAccess.GetLength(file);

        public void Read(long offset, Span<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int read = RandomAccess.Read(file, buffer, offset);
                if (read == 0)
                    throw tree.Changed(path, "it became shorter while it was read");
                buffer = buffer[read..];
                offset += read;
            }
        }

        public void Dispose() => file.Dispose();
    }
}
