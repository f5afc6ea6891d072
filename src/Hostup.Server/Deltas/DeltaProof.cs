using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Delta.Applying;
using Hostup.Delta.Building;

namespace Hostup.Server.Deltas;

/// <summary>
/// Applies a delta as a device does, and compares the tree that comes of it with the one that was signed. Nothing is written: where the reader
/// wants a file of the new tree back, it gets that of the image, once it has made its own. Were the two not the same, the tree digest would not be either.
/// </summary>
internal sealed class DeltaProof
{
    private readonly SpooledTree _target;
    private readonly Dictionary<TreePath, int> _files;
    private readonly HashSet<TreePath> _made = [];

    /// <param name="target">The tree of the image that the delta leads to.</param>
    public DeltaProof(SpooledTree target)
    {
        _target = target;
        _files = target.Entries.Index().Where(e => e.Item.Kind == TreeEntryKind.File).ToDictionary(e => e.Item.Path, e => e.Index);
    }

    /// <summary>Returns when the delta gives the tree.</summary>
    /// <param name="delta">It must be able to seek.</param>
    /// <param name="old">The tree that it is applied to.</param>
    /// <param name="wanted">The tree digest that was signed.</param>
    /// <param name="folder">For temporary files.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>digest-mismatch</c> when it gives another tree; <c>bad-delta</c>, <c>delta-old</c>.</exception>
    public async Task CheckAsync(Stream delta, IDeltaTree old, Digest wanted, string folder, CancellationToken ct)
    {
        await using var reader = await DeltaTreeReader.OpenAsync(delta, old, new DeltaPlace(folder, OpenMade), 0, ct);
        await using var noting = new Noting(reader, _made);
        var made = (await RootTree.ReadAsync(noting, new HashSet<TreePath>(), ct)).Digest;
        if (made != wanted)
            throw new HostupException(HostupErrors.DigestMismatch, "cannot offer the delta", $"it gives the tree {made}, and {wanted} is signed", "sign the release again from its own image; if that is right already, send both images to the developers");
    }

    private IDeltaContent OpenMade(TreePath path) => _made.Contains(path) && _files.TryGetValue(path, out int index)
        ? _target.Open(index)
        : throw new HostupException(HostupErrors.BadDelta, "cannot offer the delta", $"it reads {path} before it has made it", "send both images to the developers");

    /// <summary>Passes a tree on and notes which files were read to their end.</summary>
    private sealed class Noting(ITreeReader inner, HashSet<TreePath> made) : ITreeReader
    {
        private TreeEntry? _current;

        public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (_current is { Kind: TreeEntryKind.File } file)
                made.Add(file.Path);
            return _current = await inner.NextAsync(ct);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct) => inner.ReadAsync(buffer, ct);

        // the reader is closed by who opened it
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
