namespace Hostup.Core.RootTrees;

/// <summary>A tree, or a layer of a few entries and whiteouts, that is written down in memory.</summary>
/// <param name="entries">Entries with the content of each file; null content is empty. <see cref="TreeEntry.Size"/> is set from the content.</param>
public sealed class ListedTree(IEnumerable<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> entries) : ITreeReader
{
    private readonly IEnumerator<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> _entries = entries.GetEnumerator();
    private ReadOnlyMemory<byte> _left;

    /// <inheritdoc/>
    public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (!_entries.MoveNext())
            return ValueTask.FromResult<TreeEntry?>(null);
        var (entry, content) = _entries.Current;
        _left = entry.Kind == TreeEntryKind.File ? content : default;
        return ValueTask.FromResult<TreeEntry?>(entry with { Size = _left.Length });
    }

    /// <inheritdoc/>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
    {
        int count = Math.Min(buffer.Length, _left.Length);
        _left[..count].CopyTo(buffer);
        _left = _left[count..];
        return ValueTask.FromResult(count);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _entries.Dispose();
        return ValueTask.CompletedTask;
    }
}
