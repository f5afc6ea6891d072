using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Applying;

namespace Hostup.Delta.Tests;

/// <summary>A target in memory that survives the reader that wrote to it, as a disk survives a power cut: up to the last frame that was flushed.</summary>
internal sealed class WrittenTree
{
    private const int Block = 64 * 1024;
    private readonly Dictionary<TreePath, TreeEntry> _entries = [];
    private readonly Dictionary<TreePath, MemoryStream> _contents = [];

    /// <summary>Frames that are durable.</summary>
    public int FramesDone { get; private set; }

    public async Task ApplyAsync(Stream delta, IDeltaTree old, DeltaRepairs? repairs = null)
    {
        var place = new DeltaPlace(Path.GetTempPath(), p => new Written(_contents[p])) { Repairs = repairs };
        await using var reader = await DeltaTreeReader.OpenAsync(delta, old, place, FramesDone, default);
        while (await reader.NextAsync(default) is { } entry)
        {
            _entries[entry.Path] = entry;
            if (entry.Kind == TreeEntryKind.File)
                await WriteAsync(entry, reader);
        }
        FramesDone = reader.FramesDone;
    }

    public async Task<Digest> DigestAsync()
    {
        var order = _entries.Values.OrderBy(e => e.Kind == TreeEntryKind.HardLink).ThenBy(e => e.Path);
        var tree = new ListedTree(order.Select(e => (e, (ReadOnlyMemory<byte>)(_contents.TryGetValue(e.Path, out var content) ? content.ToArray() : []))));
        return (await RootTree.ReadAsync(tree, new HashSet<TreePath>(), default)).Digest;
    }

    private sealed class Written(MemoryStream content) : IDeltaContent
    {
        public long Length => content.Length;

        public void Read(long offset, Span<byte> buffer) => content.GetBuffer().AsSpan((int)offset, buffer.Length).CopyTo(buffer);

        public void Dispose()
        {
        }
    }

    private async Task WriteAsync(TreeEntry entry, DeltaTreeReader reader)
    {
        if (reader.From == 0)
            _contents[entry.Path] = new MemoryStream();
        var content = _contents[entry.Path];
        content.SetLength(reader.From);
        content.Position = reader.From;
        byte[] block = new byte[Block];
        while (await reader.ReadAsync(block, default) is > 0 and var read)
        {
            content.Write(block, 0, read);
            FramesDone = reader.FramesDone;
        }
        Assert.Equal(entry.Size, content.Length);
    }
}
