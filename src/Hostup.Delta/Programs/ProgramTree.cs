using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Microsoft.Win32.SafeHandles;

namespace Hostup.Delta.Programs;

/// <summary>A tree that holds one file under a fixed name, or nothing: to be read through, and to be read anywhere.</summary>
internal sealed class ProgramTree : ITreeReader, IDeltaTree
{
    private static readonly TreePath Name = TreePath.Parse("program"u8);

    private readonly SafeFileHandle? _file;
    private long _position;
    private int _next;

    /// <param name="path">The file; null: there is none.</param>
    public ProgramTree(string? path)
    {
        _file = path is null ? null : File.OpenHandle(path);
        var root = new TreeEntry { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ };
        Entries = _file is null ? [root] : [root, new TreeEntry { Path = Name, Kind = TreeEntryKind.File, Mode = 0x1ED, Size = RandomAccess.GetLength(_file) }];
    }

    public IReadOnlyList<TreeEntry> Entries { get; }

    public ValueTask<TreeEntry?> NextAsync(CancellationToken ct) => ValueTask.FromResult<TreeEntry?>(_next < Entries.Count ? Entries[_next++] : null);

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        int read = _file is null ? 0 : await RandomAccess.ReadAsync(_file, buffer, _position, ct).ConfigureAwait(false);
        _position += read;
        return read;
    }

    public IDeltaContent Open(int entry) => new Content(_file!, Entries[entry].Size);

    public ValueTask DisposeAsync()
    {
        _file?.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The file, which the tree closes.</summary>
    private sealed class Content(SafeFileHandle file, long length) : IDeltaContent
    {
        public long Length => length;

        public void Read(long offset, Span<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                int read = RandomAccess.Read(file, buffer, offset);
                if (read == 0)
                    throw DeltaErrors.WrongOld("the old program became shorter while it was read");
                buffer = buffer[read..];
                offset += read;
            }
        }

        public void Dispose()
        {
            // the tree closes the file
        }
    }
}
