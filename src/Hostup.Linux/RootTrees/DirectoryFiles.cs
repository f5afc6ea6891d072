using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Linux.Native;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Linux.RootTrees;

/// <summary>Opens files of a mounted tree to be read at any place, never through a symbolic link.</summary>
internal sealed class DirectoryFiles : IDisposable
{
    private readonly string _directory;
    private readonly int _root;
    private readonly TreeDirectories _parents;

    public DirectoryFiles(string directory)
    {
        byte[] path = [.. System.Text.Encoding.UTF8.GetBytes(directory), 0];
        _directory = directory;
        _root = FileCalls.OpenAt(EntryCalls.CurrentDirectory, path, OpenFlags.Directory | OpenFlags.CloseOnExec, 0);
        if (_root < 0)
            throw TreeErrors.Read(directory, [], "opening", Errno.Last);
        _parents = new TreeDirectories(directory, _root);
    }

    /// <exception cref="HostupException"><c>delta-old</c> when it cannot be opened.</exception>
    public IDeltaContent Open(TreePath path)
    {
        int parent = _parents.Open(path.Parent, null);
        int file = parent < 0 ? parent : FileCalls.OpenAt(parent, [.. path.Name, 0], OpenFlags.ReadOnly | OpenFlags.NoFollow | OpenFlags.CloseOnExec | OpenFlags.LargeFile, 0);
        if (file < 0)
            throw Changed(path, Errno.Text(parent < 0 ? -parent : Errno.Last));
        return new Content(this, path, new SafeFileHandle(file, ownsHandle: true));
    }

    public void Dispose()
    {
        _parents.Dispose();
        _ = FileCalls.Close(_root);
    }

    private HostupException Changed(TreePath path, string why) =>
        new(HostupErrors.DeltaOld, $"cannot read {path} below {_directory}", why, "use a delta from the tree that is there, or the full image");

    private sealed class Content(DirectoryFiles files, TreePath path, SafeFileHandle file) : IDeltaContent
    {
        public long Length { get; } = RandomAccess.GetLength(file);

        public void Read(long offset, Span<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int read = RandomAccess.Read(file, buffer, offset);
                if (read == 0)
                    throw files.Changed(path, "it became shorter while it was read");
                buffer = buffer[read..];
                offset += read;
            }
        }

        public void Dispose() => file.Dispose();
    }
}
