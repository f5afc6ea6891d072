using System.Buffers;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// Walks a directory in canonical order: names as bytes, attributes, hard links (the first name is the file), contents. Stays on one file
/// system; what is mounted below shows as an empty directory. An empty lost+found at the top is left out.
/// </summary>
/// <remarks>Must run as root to see everything. Memory: the names of the directories on the way down, and 16 bytes and a path for each hard-linked file.</remarks>
public sealed class DirectoryTreeReader : ITreeReader
{
    /// <summary>Below this the kernel's own read-ahead takes the whole file at once.</summary>
    private const long AdviseFromBytes = 128 * 1024;

    private readonly string _directory;
    private readonly Stack<Level> _levels = new();
    private readonly Dictionary<ulong, TreePath> _linked = [];
    private readonly byte[] _scratch = ArrayPool<byte>.Shared.Rent(64 * 1024);
    private uint _deviceMajor;
    private uint _deviceMinor;
    private bool _begun;
    private bool _disposed;
    private int _file = -1;
    private long _fileSize;

    /// <param name="directory">The directory that is the root of the tree.</param>
    public DirectoryTreeReader(string directory) => _directory = directory;

    /// <inheritdoc/>
    /// <exception cref="HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        CloseFile();
        if (!_begun)
            return ValueTask.FromResult<TreeEntry?>(Begin());
        while (_levels.TryPeek(out var level))
        {
            if (level.Next == level.Names.Length)
            {
                _levels.Pop();
                _ = FileCalls.Close(level.Handle);
                continue;
            }
            var name = level.Names[level.Next++];
            if (Describe(level, name) is { } entry)
                return ValueTask.FromResult<TreeEntry?>(entry);
        }
        return ValueTask.FromResult<TreeEntry?>(null);
    }

    /// <inheritdoc/>
    /// <remarks>Reads block: a disk has no other way that is faster.</remarks>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_file < 0 ? 0 : Read(buffer.Span));
    }

    /// <summary>Closes all handles.</summary>
    public ValueTask DisposeAsync()
    {
        CloseFile();
        while (_levels.TryPop(out var level))
            _ = FileCalls.Close(level.Handle);
        if (!_disposed)
            ArrayPool<byte>.Shared.Return(_scratch);
        _disposed = true;
        return ValueTask.CompletedTask;
    }

    internal int Read(Span<byte> buffer)
    {
        nint read;
        do
            read = FileCalls.Read(_file, buffer, (nuint)buffer.Length);
        while (read < 0 && Errno.Last == Errno.Interrupted);
        return read >= 0 ? (int)read : throw TreeErrors.Read(_directory, _levels.Peek().CurrentPath.Bytes, "reading", Errno.Last);
    }

    private TreeEntry Begin()
    {
        _begun = true;
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(_directory), 0];
        int handle = FileCalls.OpenAt(EntryCalls.CurrentDirectory, path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        if (handle < 0)
            throw TreeErrors.Read(_directory, [], "opening", Errno.Last);
        if (EntryCalls.Describe(handle, [0], EntryCalls.EmptyPath, EntryStatus.BasicMask, out var status) != 0)
            throw TreeErrors.Read(_directory, [], "describing", Errno.Last);
        (_deviceMajor, _deviceMinor) = (status.DeviceMajor, status.DeviceMinor);
        Enter(handle, TreePath.Root);
        return WithStatus(new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory }, status) with { ModifiedSeconds = 0, ExtendedAttributes = Attributes(handle, [], TreePath.Root) };
    }

    private TreeEntry? Describe(Level level, byte[] name)
    {
        var path = level.Path.Child(name.AsSpan()[..^1]);
        level.CurrentPath = path;
        if (EntryCalls.Describe(level.Handle, name, EntryCalls.SymlinkNoFollow, EntryStatus.BasicMask, out var status) != 0)
            throw TreeErrors.Read(_directory, path.Bytes, "describing", Errno.Last);
        uint type = status.Mode & EntryCalls.TypeMask;
        if (type != EntryCalls.TypeDirectory && status.Links > 1 && !_linked.TryAdd(status.Inode, path))
            return new TreeEntry { Path = path, Kind = TreeEntryKind.HardLink, LinkTarget = _linked[status.Inode] };
        var entry = WithStatus(new TreeEntry { Path = path, Kind = KindOf(type, path) }, status);
        return type switch
        {
            EntryCalls.TypeDirectory => OpenDirectory(level, name, entry, status),
            EntryCalls.TypeFile => OpenFile(level, name, entry),
            _ => entry with
            {
                SymbolicTarget = type == EntryCalls.TypeLink ? ReadLink(level, name, path) : default,
                ExtendedAttributes = Attributes(-1, TreeAttributes.ProcPath(level.Handle, name), path),
            },
        };
    }

    private TreeEntry? OpenDirectory(Level level, byte[] name, TreeEntry entry, EntryStatus status)
    {
        int handle = FileCalls.OpenAt(level.Handle, name, OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0);
        if (handle < 0)
            throw TreeErrors.Read(_directory, entry.Path.Bytes, "opening", Errno.Last);
        var described = entry with { ExtendedAttributes = Attributes(handle, [], entry.Path) };
        if ((status.DeviceMajor, status.DeviceMinor) != (_deviceMajor, _deviceMinor))
            _ = FileCalls.Close(handle);
        else if (Enter(handle, entry.Path) == 0 && entry.Path.Bytes.SequenceEqual("lost+found"u8))
            return null;
        return described;
    }

    private TreeEntry OpenFile(Level level, byte[] name, TreeEntry entry)
    {
        int flags = OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.CloseOnExec | OpenFlags.LargeFile | OpenFlags.NonBlocking;
        _file = FileCalls.OpenAt(level.Handle, name, flags | OpenFlags.NoAccessTime, 0);
        // Only the owner may leave the access time alone.
        if (_file < 0 && Errno.Last == Errno.NotPermitted)
            _file = FileCalls.OpenAt(level.Handle, name, flags, 0);
        if (_file < 0)
            throw TreeErrors.Read(_directory, entry.Path.Bytes, "opening", Errno.Last);
        _fileSize = entry.Size;
        if (_fileSize >= AdviseFromBytes)
            _ = FileCalls.Advise(_file, 0, 0, FileCalls.FadviseSequential);
        return entry with { ExtendedAttributes = Attributes(_file, [], entry.Path) };
    }

    private byte[] ReadLink(Level level, byte[] name, TreePath path)
    {
        nint size = EntryCalls.ReadLink(level.Handle, name, _scratch, 4096);
        return size > 0 ? _scratch[..(int)size] : throw TreeErrors.Read(_directory, path.Bytes, "reading link", Errno.Last);
    }

    private IReadOnlyList<ExtendedAttribute> Attributes(int file, ReadOnlySpan<byte> procPath, TreePath path) =>
        TreeAttributes.Read(file, procPath, _scratch, out var attributes) is not 0 and var errno
            ? throw TreeErrors.Read(_directory, path.Bytes, "reading attributes of", errno)
            : attributes;

    /// <summary>Begins a directory.</summary>
    /// <returns>How many names it has.</returns>
    private int Enter(int handle, TreePath path)
    {
        var names = new List<byte[]>();
        _levels.Push(new Level(handle, path));
        if (DirectoryCalls.List(handle, names) is not 0 and var errno)
            throw TreeErrors.Read(_directory, path.Bytes, "listing", errno);
        names.Sort((a, b) => a.AsSpan().SequenceCompareTo(b));
        _levels.Peek().Names = [.. names];
        return names.Count;
    }

    private void CloseFile()
    {
        if (_file < 0)
            return;
        // What was read is not needed again; pages of the running system are.
        if (_fileSize > 0)
            _ = FileCalls.Advise(_file, 0, 0, FileCalls.FadviseDontNeed);
        _ = FileCalls.Close(_file);
        _file = -1;
    }

    private TreeEntryKind KindOf(uint type, TreePath path) => type switch
    {
        EntryCalls.TypeDirectory => TreeEntryKind.Directory,
        EntryCalls.TypeFile => TreeEntryKind.File,
        EntryCalls.TypeLink => TreeEntryKind.SymbolicLink,
        EntryCalls.TypeCharacter => TreeEntryKind.CharacterDevice,
        EntryCalls.TypeBlock => TreeEntryKind.BlockDevice,
        EntryCalls.TypeFifo => TreeEntryKind.Fifo,
        _ => throw new HostupException(HostupErrors.SlotMismatch, $"cannot read {_directory}", $"{path} is a socket, which no image can hold", "stop the program that made it and remove it"),
    };

    private static TreeEntry WithStatus(TreeEntry entry, EntryStatus status) => entry with
    {
        Mode = entry.Kind == TreeEntryKind.SymbolicLink ? 0x1FF /* 0777 */ : status.Mode & 0xFFF,
        UserId = status.UserId,
        GroupId = status.GroupId,
        ModifiedSeconds = status.ModifiedSeconds,
        Size = entry.Kind == TreeEntryKind.File ? status.Size : 0,
        DeviceMajor = entry.Kind is TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice ? status.NodeMajor : 0,
        DeviceMinor = entry.Kind is TreeEntryKind.CharacterDevice or TreeEntryKind.BlockDevice ? status.NodeMinor : 0,
    };

    /// <summary>One directory on the way down.</summary>
    private sealed class Level(int handle, TreePath path)
    {
        public int Handle { get; } = handle;
        public TreePath Path { get; } = path;
        public TreePath CurrentPath { get; set; } = path;
        public byte[][] Names { get; set; } = [];
        public int Next { get; set; }
    }
}
