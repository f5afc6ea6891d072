using System.Buffers;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// Applies a stream of layers to a mounted directory by the rules of docs/tree-digest.md. Names stay bytes, no link is ever followed,
/// zero blocks become holes. Nothing is durable before <see cref="FinishAsync"/> returns.
/// </summary>
/// <remarks>Must run as root. Memory: one 256 KiB buffer and the list of directories with their times.</remarks>
public sealed class SlotTreeWriter : IDisposable
{
    /// <summary>Few calls for large files, and still inside a small device's cache.</summary>
    private const int BufferBytes = 256 * 1024;

    private readonly string _directory;
    private readonly int _root;
    private readonly TreeDirectories _parents;
    private readonly TreeDirectories _linkParents;
    private readonly Dictionary<TreePath, long> _times = new() { [TreePath.Root] = 0 };
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
    private readonly Action<int, TreePath> _made;
    private bool _rootSeen;
    private bool _disposed;
    private long _written;

    /// <param name="directory">Where the empty file system is mounted.</param>
    /// <exception cref="HostupException"><c>slot-write</c> when it cannot be opened.</exception>
    public SlotTreeWriter(string directory)
    {
        _directory = directory;
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(directory), 0];
        _root = FileCalls.OpenAt(EntryCalls.CurrentDirectory, path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        if (_root < 0)
            throw TreeErrors.Write(directory, [], "opening", Errno.Last);
        _parents = new TreeDirectories(directory, _root);
        _linkParents = new TreeDirectories(directory, _root);
        _made = DescribeMissing;
    }

    /// <summary>Content bytes applied so far, holes included; may be read from another thread.</summary>
    public long ContentBytes => Volatile.Read(ref _written);

    /// <summary>Applies all entries. When it returns, the source has checked every digest of the stream.</summary>
    /// <param name="layers">The entries; read to the end, not disposed.</param>
    /// <param name="ct">Cancels between blocks; what was written stays and is not finished.</param>
    /// <exception cref="HostupException"><c>slot-write</c>, <c>bad-image</c>, and the codes of the source.</exception>
    public async Task ApplyAsync(ITreeReader layers, CancellationToken ct)
    {
        while (await layers.NextAsync(ct).ConfigureAwait(false) is { } entry)
            await WriteAsync(entry, layers, ct).ConfigureAwait(false);
    }

    /// <summary>Applies the entry that a reader stands on.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="layers">Gives its content.</param>
    /// <param name="ct">Cancels between blocks.</param>
    /// <exception cref="HostupException">As <see cref="ApplyAsync"/>.</exception>
    public async ValueTask WriteAsync(TreeEntry entry, ITreeReader layers, CancellationToken ct)
    {
        if (entry.Kind == TreeEntryKind.File)
            await ApplyFileAsync(entry, layers, ct).ConfigureAwait(false);
        else
            Apply(entry);
    }

    /// <summary>Sets the times of directories, deepest first, and makes all durable.</summary>
    /// <exception cref="HostupException"><c>slot-write</c>; after it nothing may be taken as written.</exception>
    public Task FinishAsync(CancellationToken ct)
    {
        if (!_rootSeen)
            Describe(_root, [], new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ });
        var paths = _times.Keys.ToArray();
        Array.Sort(paths, (a, b) => b.CompareTo(a));
        foreach (var path in paths)
        {
            ct.ThrowIfCancellationRequested();
            // A later layer may have put something else there.
            int handle = _parents.Open(path, null);
            if (handle >= 0 && EntryCalls.SetTimes(handle, [new TimeSpec(_times[path]), new TimeSpec(_times[path])]) != 0)
                throw TreeErrors.Write(_directory, path.Bytes, "setting times of", Errno.Last);
        }
        if (FileCalls.SyncFileSystem(_root) != 0)
            throw TreeErrors.Write(_directory, [], "flushing", Errno.Last);
        return Task.CompletedTask;
    }

    /// <summary>Closes all handles; flushes nothing.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _parents.Dispose();
        _linkParents.Dispose();
        _ = FileCalls.Close(_root);
        ArrayPool<byte>.Shared.Return(_buffer);
    }

    private void Apply(TreeEntry entry)
    {
        if (entry.Kind == TreeEntryKind.Directory)
            ApplyDirectory(entry);
        else if (entry.Kind == TreeEntryKind.Whiteout)
            Hide(entry.Path);
        else if (entry.Kind == TreeEntryKind.OpaqueDirectory)
            HideChildren(entry.Path);
        else if (entry.Kind == TreeEntryKind.HardLink)
            AddName(entry);
        else
            ApplyNode(entry);
    }

    private async ValueTask ApplyFileAsync(TreeEntry entry, ITreeReader layers, CancellationToken ct)
    {
        int file = Create(entry, Parent(entry.Path, _parents));
        try
        {
            long done = 0, end = 0;
            while (done < entry.Size)
            {
                int filled = 0;
                while (filled < BufferBytes && done + filled < entry.Size)
                {
                    int read = await layers.ReadAsync(_buffer.AsMemory(filled, (int)Math.Min(BufferBytes - filled, entry.Size - done - filled)), ct).ConfigureAwait(false);
                    filled += read > 0 ? read : throw TreeErrors.Image(entry.Path.ToString(), $"it has {done + filled} bytes of content, {entry.Size} were announced");
                }
                Check(SparseWrite.Write(file, _buffer.AsSpan(0, filled), done, ref end), entry.Path, "writing");
                done += filled;
                Volatile.Write(ref _written, _written + filled);
            }
            if (end < entry.Size && FileCalls.Truncate(file, entry.Size) != 0)
                Check(Errno.Last, entry.Path, "extending");
            Describe(file, [], entry);
            var time = new TimeSpec(entry.ModifiedSeconds);
            if (EntryCalls.SetTimes(file, [time, time]) != 0)
                Check(Errno.Last, entry.Path, "setting times of");
        }
        finally
        {
            _ = FileCalls.Close(file);
        }
    }

    private int Create(TreeEntry entry, int parent)
    {
        const int flags = OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.Exclusive | OpenFlags.CloseOnExec;
        var name = Name(entry.Path);
        int file = FileCalls.OpenAt(parent, name, flags | OpenFlags.NoFollow | OpenFlags.LargeFile, 0x180 /* 0600 */);
        if (file < 0 && Errno.Last == Errno.Exists)
        {
            Remove(parent, name, entry.Path);
            file = FileCalls.OpenAt(parent, name, flags | OpenFlags.NoFollow | OpenFlags.LargeFile, 0x180);
        }
        if (file < 0)
            Check(Errno.Last, entry.Path, "making");
        return file;
    }

    private void ApplyDirectory(TreeEntry entry)
    {
        bool existed = entry.Path.IsRoot;
        if (!existed)
        {
            var name = Name(entry.Path);
            int parent = Parent(entry.Path, _parents);
            int errno = EntryCalls.MakeDirectory(parent, name, 0x1C0 /* 0700 */) == 0 ? 0 : Errno.Last;
            existed = errno == Errno.Exists;
            if (errno != 0 && !existed)
                Check(errno, entry.Path, "making directory");
        }
        int handle = _parents.Open(entry.Path, null);
        if (handle is -Errno.NotDirectory or -Errno.TooManyLinks)
        {
            int parent = Parent(entry.Path, _parents);
            Remove(parent, Name(entry.Path), entry.Path);
            if (EntryCalls.MakeDirectory(parent, Name(entry.Path), 0x1C0) != 0)
                Check(Errno.Last, entry.Path, "making directory");
            handle = _parents.Open(entry.Path, null);
            existed = false;
        }
        if (handle < 0)
            Check(-handle, entry.Path, "opening");
        if (existed)
            Check(TreeAttributes.RemoveOthers(handle, entry.ExtendedAttributes, _buffer), entry.Path, "removing attributes of");
        Describe(handle, [], entry);
        _times[entry.Path] = entry.Path.IsRoot ? 0 : entry.ModifiedSeconds;
        _rootSeen |= entry.Path.IsRoot;
    }

    private void ApplyNode(TreeEntry entry)
    {
        int parent = Parent(entry.Path, _parents);
        var name = Name(entry.Path);
        int errno = EntryNode.Make(entry, parent, name);
        if (errno == Errno.Exists)
        {
            Remove(parent, name, entry.Path);
            errno = EntryNode.Make(entry, parent, name);
        }
        Check(errno, entry.Path, "making");
        Describe(-1, name, entry, parent);
        var time = new TimeSpec(entry.ModifiedSeconds);
        if (EntryCalls.SetTimes(parent, name, [time, time], EntryCalls.SymlinkNoFollow) != 0)
            Check(Errno.Last, entry.Path, "setting times of");
    }

    private void AddName(TreeEntry entry)
    {
        if (entry.LinkTarget == entry.Path)
            return;
        int parent = Parent(entry.Path, _parents);
        int targetParent = _linkParents.Open(entry.LinkTarget.Parent, null);
        if (targetParent < 0)
            throw TreeErrors.Image(entry.Path.ToString(), $"it is a hard link to {entry.LinkTarget}, which is not there");
        byte[] name = Name(entry.Path), target = Name(entry.LinkTarget);
        int errno = EntryCalls.AddName(targetParent, target, parent, name, 0) == 0 ? 0 : Errno.Last;
        if (errno == Errno.Exists)
        {
            Remove(parent, name, entry.Path);
            targetParent = _linkParents.Open(entry.LinkTarget.Parent, null);
            errno = targetParent < 0 ? Errno.NoEntry : EntryCalls.AddName(targetParent, target, parent, name, 0) == 0 ? 0 : Errno.Last;
        }
        if (errno is Errno.NoEntry or Errno.NotPermitted)
            throw TreeErrors.Image(entry.Path.ToString(), $"it is a hard link to {entry.LinkTarget}, which is {(errno == Errno.NoEntry ? "not there" : "a directory")}");
        Check(errno, entry.Path, "linking");
    }

    private void Hide(TreePath path)
    {
        int parent = _parents.Open(path.Parent, null);
        if (parent >= 0)
            Remove(parent, Name(path), path);
    }

    private void HideChildren(TreePath path)
    {
        int handle = _parents.Open(path, null);
        if (handle < 0)
            return;
        _linkParents.CloseAll();
        Check(EntryRemoval.RemoveChildren(handle), path, "emptying");
    }

    private void Remove(int parent, byte[] name, TreePath path)
    {
        _linkParents.CloseAll();
        Check(EntryRemoval.Remove(parent, name), path, "removing");
    }

    private int Parent(TreePath path, TreeDirectories directories)
    {
        int handle = directories.Open(path.Parent, _made);
        if (handle is -Errno.NotDirectory or -Errno.TooManyLinks)
            throw TreeErrors.Image(path.ToString(), $"a part of {path.Parent} is not a directory");
        if (handle < 0)
            Check(-handle, path.Parent, "opening");
        return handle;
    }

    private void DescribeMissing(int handle, TreePath path)
    {
        Describe(handle, [], new TreeEntry { Path = path, Kind = TreeEntryKind.Directory, Mode = 0x1ED });
        _times[path] = 0;
    }

    /// <summary>Owner, then mode (a change of owner clears set-id), then attributes (it clears file capabilities too).</summary>
    private void Describe(int file, byte[] name, TreeEntry entry, int parent = -1)
    {
        int result = file >= 0
            ? EntryCalls.ChangeOwner(file, entry.UserId, entry.GroupId)
            : EntryCalls.ChangeOwner(parent, name, entry.UserId, entry.GroupId, EntryCalls.SymlinkNoFollow);
        if (result == 0 && file >= 0)
            result = EntryCalls.ChangeMode(file, (uint)entry.Mode);
        else if (result == 0 && entry.Kind != TreeEntryKind.SymbolicLink)
            result = EntryCalls.ChangeMode(parent, name, (uint)entry.Mode & 0xFFF, 0);
        if (result != 0)
            Check(Errno.Last, entry.Path, "setting owner and mode of");
        if (entry.ExtendedAttributes.Count > 0)
            Check(TreeAttributes.Set(file, file >= 0 ? [] : TreeAttributes.ProcPath(parent, name), entry.ExtendedAttributes), entry.Path, "setting attributes of");
    }

    private void Check(int errno, TreePath path, string action)
    {
        if (errno != 0)
            throw TreeErrors.Write(_directory, path.Bytes, action, errno);
    }

    private static byte[] Name(TreePath path) => [.. path.Name, 0];
}
