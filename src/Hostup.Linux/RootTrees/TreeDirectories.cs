using Hostup.Core.RootTrees;
using Hostup.Linux.Native;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// Opens directories of a tree one component at a time, never through a symbolic link, so that no entry of an image can reach out of
/// the tree. Keeps the chain of the last directory open, because entries come in runs. Works on any kernel; openat2 would save calls
/// that this chain already saves.
/// </summary>
internal sealed class TreeDirectories(string directory, int root) : IDisposable
{
    private readonly List<(byte[] Name, int Handle)> _chain = [];

    /// <summary>Handle of a directory; stays open until the next call.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="made">Called for each missing directory that was made, with handle and path; null: missing ones are an error.</param>
    /// <returns>The handle, or minus the error number.</returns>
    public int Open(TreePath path, Action<int, TreePath>? made)
    {
        var bytes = path.Bytes;
        int depth = 0, start = 0;
        while (start < bytes.Length)
        {
            int length = bytes[start..].IndexOf((byte)'/') is >= 0 and var slash ? slash : bytes.Length - start;
            var name = bytes.Slice(start, length);
            start += length + 1;
            if (depth < _chain.Count && !_chain[depth].Name.AsSpan()[..^1].SequenceEqual(name))
                CloseFrom(depth);
            if (depth == _chain.Count && Enter(name, bytes[..Math.Min(start - 1, bytes.Length)], made) is not 0 and var errno)
                return -errno;
            depth++;
        }
        CloseFrom(depth);
        return depth == 0 ? root : _chain[^1].Handle;
    }

    /// <summary>Must be called before a directory is removed.</summary>
    public void CloseAll() => CloseFrom(0);

    public void Dispose() => CloseAll();

    private int Enter(ReadOnlySpan<byte> name, ReadOnlySpan<byte> path, Action<int, TreePath>? made)
    {
        int parent = _chain.Count == 0 ? root : _chain[^1].Handle;
        byte[] terminated = [.. name, 0];
        int flags = OpenFlags.Directory | OpenFlags.NoFollow | OpenFlags.CloseOnExec;
        int handle = FileCalls.OpenAt(parent, terminated, flags, 0);
        if (handle < 0 && Errno.Last == Errno.NoEntry && made is not null)
        {
            if (EntryCalls.MakeDirectory(parent, terminated, 0x1ED /* 0755 */) != 0)
                throw TreeErrors.Write(directory, path, "making directory", Errno.Last);
            handle = FileCalls.OpenAt(parent, terminated, flags, 0);
            if (handle >= 0)
                made(handle, TreePath.Parse(path));
        }
        if (handle < 0)
            return Errno.Last;
        _chain.Add((terminated, handle));
        return 0;
    }

    private void CloseFrom(int depth)
    {
        for (int i = _chain.Count - 1; i >= depth; i--)
            _ = FileCalls.Close(_chain[i].Handle);
        _chain.RemoveRange(depth, _chain.Count - depth);
    }
}
