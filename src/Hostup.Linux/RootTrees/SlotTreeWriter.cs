using System.Buffers;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// Applies a stream of layers to a mounted directory by the rules of docs/tree-digest.md. Names stay bytes, no link is ever followed,
/// zero blocks become holes. Nothing is durable before <see cref="Flush"/> or <see cref="FinishAsync"/> returns.
/// </summary>
/// <remarks>Applying entries again over what an interrupted writer left of them gives the same tree. Must run as root. Memory: one 256 KiB buffer and the list of directories with their times.</remarks>
public sealed class SlotTreeWriter : IDisposable
{
    /// <summary>Everything is written and directory times are set: what <see cref="Flush"/> answers at the end.</summary>
    private const long Whole = -1;

    private readonly string _directory;
    private readonly int _root;
    private readonly TreeDirectories _parents;
    private readonly TreeDirectories _linkParents;
    private readonly DirectoryTimes _times;
    private readonly byte[] _buffer = ArrayPool<byte>.Shared.Rent(FileContent.BufferBytes);
    private readonly FileContent _content;
    private readonly Action<int, TreePath> _made;
    private bool _rootSeen;
    private bool _disposed;

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
        (_times, _content) = (new DirectoryTimes(directory, _root), new FileContent(_buffer));
        _made = DescribeMissing;
    }

    /// <summary>Goes on after what another writer made durable.</summary>
    /// <param name="state">What its <see cref="Flush"/> gave.</param>
    /// <returns>False when this is not that tree.</returns>
    public bool GoOn(long state)
    {
        _rootSeen = true; // described before the first flush
        return state == Whole || _times.Load(state);
    }

    /// <summary>Applies the entry that a reader stands on.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="layers">Gives its content, from <paramref name="from"/> on.</param>
    /// <param name="from">Bytes of the file that are durable already; zero: it is made anew.</param>
    /// <param name="written">Told between blocks how many bytes of the file were written.</param>
    /// <param name="ct">Cancels between blocks.</param>
    /// <exception cref="HostupException"><c>slot-write</c>, <c>bad-image</c>, and the codes of the source.</exception>
    public async ValueTask WriteAsync(TreeEntry entry, ITreeReader layers, long from, Func<long, ValueTask> written, CancellationToken ct)
    {
        if (entry.Kind == TreeEntryKind.File)
            await ApplyFileAsync(entry, layers, from, written, ct).ConfigureAwait(false);
        else
            Apply(entry);
    }

    /// <summary>Makes durable what was written.</summary>
    /// <param name="whole">Nothing is written after it: the times of directories are set too.</param>
    /// <param name="ct">Cancels between directories.</param>
    /// <returns>A number with which another writer goes on.</returns>
    /// <exception cref="HostupException"><c>slot-write</c>; after it nothing may be taken as written.</exception>
    public long Flush(bool whole, CancellationToken ct)
    {
        if (!_rootSeen)
            Describe(_root, [], new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ });
        _rootSeen = true;
        long state = whole ? Whole : _times.Save();
        if (whole)
            _times.Apply(_parents, ct);
        if (FileCalls.SyncFileSystem(_root) != 0)
            throw TreeErrors.Write(_directory, [], "flushing", Errno.Last);
        return state;
    }

    /// <summary>Sets the times of directories, deepest first, and makes all durable.</summary>
    /// <exception cref="HostupException"><c>slot-write</c>; after it nothing may be taken as written.</exception>
    public Task FinishAsync(CancellationToken ct)
    {
        _times.Remove();
        Flush(whole: true, ct);
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

    private async ValueTask ApplyFileAsync(TreeEntry entry, ITreeReader layers, long from, Func<long, ValueTask> written, CancellationToken ct)
    {
        int file = from > 0 ? OpenAgain(entry, from) : Create(entry, Parent(entry.Path, _parents));
        try
        {
            Check(await _content.WriteAsync(file, entry, layers, from, written, ct).ConfigureAwait(false), entry.Path, "writing");
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

    private int OpenAgain(TreeEntry entry, long from)
    {
        int file = FileCalls.OpenAt(Parent(entry.Path, _parents), Name(entry.Path), OpenFlags.WriteOnly | OpenFlags.CloseOnExec | OpenFlags.NoFollow | OpenFlags.LargeFile, 0);
        // What lies behind the place was written by a process that did not get to say so.
        if (file < 0 || FileCalls.Truncate(file, from) != 0)
            Check(Errno.Last, entry.Path, "opening");
        return file;
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
        _times.Set(entry.Path, entry.ModifiedSeconds);
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
        _times.Set(path, 0);
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
