using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Applying;
using Hostup.Delta.Building;
using Hostup.Delta.Repair;

namespace Hostup.Delta.Tests;

/// <summary>A tree as an image of one layer, which a reader can begin at any entry; counts what is read of it.</summary>
internal sealed class ImageOfTree
{
    private readonly SpooledTree _tree;
    private readonly List<TreePlace> _places = [];

    public ImageOfTree(SpooledTree tree)
    {
        _tree = tree;
        var contents = new Dictionary<Digest, TreePlace>();
        long at = 0;
        for (int i = 0; i < tree.Entries.Count; i++)
        {
            _places.Add(new TreePlace(0, at));
            at += 512 + ((tree.Entries[i].Size + 511) / 512 * 512);
            if (tree.Entries[i].Kind == TreeEntryKind.File)
                contents.TryAdd(tree.ContentOf(i), _places[i]);
        }
        List = RepairList.Of(tree, contents);
    }

    public RepairList List { get; }

    /// <summary>Bytes of content that were read.</summary>
    public long Read { get; private set; }

    /// <summary>How often a reader was opened.</summary>
    public int Opened { get; private set; }

    /// <summary>Bytes after which reading breaks; null: it does not.</summary>
    public long? BreaksAfter { get; set; }

    public DeltaRepairs Repairing(params int[] frames) => new(frames.ToHashSet(), List, Open);

    public DeltaRepairs Repairing(RepairList list, params int[] frames) => new(frames.ToHashSet(), list, Open);

    private Reader Open(TreePlace place)
    {
        Opened++;
        int entry = _places.IndexOf(place);
        return new Reader(this, entry < 0 ? _places.Count : entry);
    }

    private sealed class Reader(ImageOfTree image, int next) : IPlacedTreeReader
    {
        private int _current = -1;
        private long _position;

        public TreePlace? Place => _current < 0 ? null : image._places[_current];

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (next >= image._places.Count)
                return ValueTask.FromResult<TreeEntry?>(null);
            (_current, _position) = (next++, 0);
            return ValueTask.FromResult<TreeEntry?>(image._tree.Entries[_current]);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            using var content = image._tree.Open(_current);
            int count = (int)Math.Min(Math.Min(buffer.Length, 10_000), content.Length - _position);
            if (image.Read + count > image.BreaksAfter)
                throw new IOException("the link broke");
            content.Read(_position, buffer.Span[..count]);
            _position += count;
            image.Read += count;
            return ValueTask.FromResult(count);
        }

        public ValueTask SkipAsync(long bytes, CancellationToken ct)
        {
            _position += bytes;
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }
}
