using System.Buffers.Binary;
using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// The times that directories are to have. They are set last, because every entry that is made changes them; until then they are also kept
/// in a file at the top of the tree, so that another process can go on. The file only grows, and is gone when the tree is finished.
/// </summary>
/// <param name="directory">The tree, for errors.</param>
/// <param name="root">Handle of its top.</param>
internal sealed class DirectoryTimes(string directory, int root)
{
    private static readonly byte[] Name = [.. ".hostup-directories"u8, 0];

    /// <summary>A path has at most 4096 bytes.</summary>
    private const int HeadBytes = 10;

    private readonly Dictionary<TreePath, long> _times = new() { [TreePath.Root] = 0 };
    private readonly List<TreePath> _unsaved = [];
    private long _saved;

    /// <summary>Says what time a directory is to have, in seconds since 1970; the root always has zero.</summary>
    public void Set(TreePath path, long seconds)
    {
        _times[path] = path.IsRoot ? 0 : seconds;
        _unsaved.Add(path);
    }

    /// <summary>Appends what is new to the file. Durable with the next flush of the file system.</summary>
    /// <returns>Length of the file.</returns>
    public long Save()
    {
        int file = FileCalls.OpenAt(root, Name, OpenFlags.WriteOnly | OpenFlags.Create | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0x180 /* 0600 */);
        if (file < 0)
            throw TreeErrors.Write(directory, Name, "making", Errno.Last);
        try
        {
            using var added = new MemoryStream();
            Span<byte> head = stackalloc byte[HeadBytes];
            foreach (var path in _unsaved)
            {
                BinaryPrimitives.WriteInt64LittleEndian(head, _times[path]);
                BinaryPrimitives.WriteUInt16LittleEndian(head[8..], (ushort)path.Bytes.Length);
                added.Write(head);
                added.Write(path.Bytes);
            }
            long end = _saved;
            int errno = SparseWrite.WriteAll(file, added.GetBuffer().AsSpan(0, (int)added.Length), _saved);
            if (errno != 0)
                throw TreeErrors.Write(directory, Name, "writing", errno);
            _saved = end + added.Length;
            _unsaved.Clear();
            return _saved;
        }
        finally
        {
            _ = FileCalls.Close(file);
        }
    }

    /// <summary>Reads the file as far as it is known to be durable.</summary>
    /// <returns>False when it is not there or shorter: this is another tree.</returns>
    public bool Load(long length)
    {
        int file = FileCalls.OpenAt(root, Name, OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.CloseOnExec, 0);
        if (file < 0)
            return false;
        try
        {
            byte[] all = new byte[checked((int)length)];
            int have = 0;
            while (have < all.Length && FileCalls.Read(file, all.AsSpan(have), (nuint)(all.Length - have)) is > 0 and var read)
                have += (int)read;
            return have == all.Length && Take(all);
        }
        finally
        {
            _ = FileCalls.Close(file);
        }
    }

    /// <summary>Sets the times, deepest directory first.</summary>
    public void Apply(TreeDirectories tree, CancellationToken ct)
    {
        var paths = _times.Keys.ToArray();
        Array.Sort(paths, (a, b) => b.CompareTo(a));
        foreach (var path in paths)
        {
            ct.ThrowIfCancellationRequested();
            // A later layer may have put something else there.
            int handle = tree.Open(path, null);
            if (handle >= 0 && EntryCalls.SetTimes(handle, [new TimeSpec(_times[path]), new TimeSpec(_times[path])]) != 0)
                throw TreeErrors.Write(directory, path.Bytes, "setting times of", Errno.Last);
        }
    }

    /// <summary>Removes the file. The time of the root must be set after it.</summary>
    public void Remove()
    {
        if (EntryCalls.Remove(root, Name, 0) != 0 && Errno.Last != Errno.NoEntry)
            throw TreeErrors.Write(directory, Name, "removing", Errno.Last);
    }

    private bool Take(ReadOnlySpan<byte> all)
    {
        _saved = all.Length;
        while (!all.IsEmpty)
        {
            if (all.Length < HeadBytes || BinaryPrimitives.ReadUInt16LittleEndian(all[8..]) is var length && length > all.Length - HeadBytes)
                return false;
            var path = TreePath.Parse(all.Slice(HeadBytes, length));
            _times[path] = path.IsRoot ? 0 : BinaryPrimitives.ReadInt64LittleEndian(all);
            all = all[(HeadBytes + length)..];
        }
        return true;
    }
}
