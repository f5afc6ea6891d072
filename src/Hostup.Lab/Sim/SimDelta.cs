using System.Text;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta;
using Hostup.Delta.Building;
using Hostup.Delta.Format;
using Hostup.Delta.Repair;

namespace Hostup.Lab.Sim;

/// <summary>A real delta between two simulated releases, in many small frames. Only the tree digests in its header are those of the simulator.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="Header">Its header.</param>
/// <param name="From">Digest of the tree that it is made for.</param>
/// <param name="Image">Digest of the image whose tree it makes.</param>
public sealed record SimDelta(byte[] Content, DeltaHeader Header, Digest From, Digest Image)
{
    private static readonly DeltaOptions ManyFrames = new() { Quality = 4, FrameBytes = 4000, FrameCopyBytes = 1 << 20, FrameCostBytes = 8 << 10, Threads = 1 };

    /// <summary>Where the contents of the new tree lie in <see cref="Image"/>; null: nobody says so.</summary>
    public RepairList? Repairs { get; init; }

    /// <summary>The new tree, as the layer of the image: the offset of a place is an index.</summary>
    public IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> Layer { get; init; } = [];

    /// <summary>What a server says of it.</summary>
    public DeltaOffer Offer => new(Digest.Of(Content), Content.Length, Header.Frames.Count, "hostos/sim-device");

    /// <summary>Where its frames begin, and its end.</summary>
    public IReadOnlyList<long> FrameStarts
    {
        get
        {
            var starts = new List<long> { Header.HeaderBytes };
            foreach (var frame in Header.Frames)
                starts.Add(starts[^1] + frame.StoredBytes);
            return starts;
        }
    }

    /// <summary>Builds it.</summary>
    public static async Task<SimDelta> BuildAsync(SimRelease from, SimRelease to)
    {
        var folder = Directory.CreateTempSubdirectory("hostup-sim-delta-");
        try
        {
            using var old = await SpooledTree.ReadAsync(new ListedTree(Listing(from.Files)), folder.FullName, default);
            var layer = Listing(to.Files);
            using var wanted = await SpooledTree.ReadAsync(new ListedTree(layer), folder.FullName, default);
            using var built = new MemoryStream();
            var header = await DeltaBuilder.BuildAsync(old, wanted, built, ManyFrames, default);
            var named = header with { From = from.TreeDigest, To = to.TreeDigest };
            var places = layer.Index().Where(e => e.Item.Entry.Kind == TreeEntryKind.File).GroupBy(e => Digest.Of(e.Item.Content.Span)).ToDictionary(g => g.Key, g => new TreePlace(0, g.First().Index));
            return new SimDelta([.. named.Write(), .. built.ToArray()[(int)header.HeaderBytes..]], named, from.TreeDigest, to.Manifest(1).Image.Digest) { Repairs = RepairList.Of(wanted, places), Layer = layer };
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The files of a simulated slot as a tree with directories, in canonical order.</summary>
    public static IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> Listing(IEnumerable<KeyValuePair<string, byte[]>> files)
    {
        var entries = new SortedDictionary<TreePath, (TreeEntry, ReadOnlyMemory<byte>)>();
        foreach (var (path, content) in files)
        {
            var file = TreePath.Parse(path);
            entries[file] = (new TreeEntry { Path = file, Kind = TreeEntryKind.File, Mode = 0x1A4 /* 0644 */, Size = content.Length }, content);
            for (var parent = file.Parent; entries.TryAdd(parent, (new TreeEntry { Path = parent, Kind = TreeEntryKind.Directory, Mode = 0x1ED /* 0755 */ }, default)) && !parent.IsRoot; parent = parent.Parent)
            {
                // up to a directory that is there
            }
        }
        return [.. entries.Values];
    }

    /// <summary>The same as what a delta is applied to.</summary>
    public static IDeltaTree Tree(IReadOnlyDictionary<string, byte[]> files) => new Files(files);

    private sealed class Files(IReadOnlyDictionary<string, byte[]> files) : IDeltaTree
    {
        public IReadOnlyList<TreeEntry> Entries { get; } = [.. Listing(files).Select(e => e.Entry)];

        public IDeltaContent Open(int entry) => new SimContent(files[Encoding.UTF8.GetString(Entries[entry].Path.Bytes)]);
    }
}
