using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;

namespace Hostup.Linux.RootTrees;

/// <summary>
/// A mounted root tree as the base of a delta: listed once without reading contents, its files opened one at a time as they are needed,
/// never through a symbolic link.
/// </summary>
/// <remarks>Not thread-safe. Memory: the listing, about 300 bytes a name.</remarks>
public sealed class DirectoryTree : IDeltaTree, IDisposable
{
    private readonly DirectoryFiles _files;

    private DirectoryTree(string directory, IReadOnlyList<TreeEntry> entries) => (Entries, _files) = (entries, new DirectoryFiles(directory));

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
        return new DirectoryTree(directory, entries);
    }

    /// <inheritdoc/>
    public IDeltaContent Open(int entry) => _files.Open(Entries[entry].Path);

    /// <summary>Closes all handles.</summary>
    public void Dispose() => _files.Dispose();
}
