using Hostup.Core.RootTrees;
using Hostup.Delta.Building;
using Hostup.Lab.Trees;

namespace Hostup.Delta.Tests;

/// <summary>Pairs of trees, and the delta between them.</summary>
internal static class TestTrees
{
    /// <summary>Small frames, so that a small tree has many; fast packing.</summary>
    public static readonly DeltaOptions ManyFrames = new() { Quality = 4, FrameBytes = 60_000, FrameCopyBytes = 200_000, FrameCostBytes = 40_000, Threads = 1 };

    public static Task<SpooledTree> SpoolAsync(ITreeReader tree) => SpooledTree.ReadAsync(tree, Path.GetTempPath(), default);

    public static Task<SpooledTree> SpoolAsync(params IEnumerable<(string Path, byte[] Content)> files) =>
        SpoolAsync(new ListedTree(files.Select(f => (File(f.Path, f.Content.Length), (ReadOnlyMemory<byte>)f.Content))));

    /// <summary>Two trees of which the second is the first with a layer over it: entries replaced, removed, changed in kind, hard links, attributes, names that are not UTF-8.</summary>
    public static async Task<(SpooledTree From, SpooledTree To)> RandomPairAsync(int seed)
    {
        var layers = RandomLayers.Make(seed, 4, 60);
        var random = new Random(seed);
        var edited = layers.Select(l => l.Select(e => e with { Content = Edit(e.Content, random) }).ToList()).ToList();
        return (await SpoolAsync(new ListedTree(layers.Take(3).SelectMany(l => l))), await SpoolAsync(new ListedTree(edited.SelectMany(l => l))));
    }

    public static async Task<byte[]> BuildAsync(SpooledTree from, SpooledTree to, DeltaOptions? options = null)
    {
        using var delta = new MemoryStream();
        await DeltaBuilder.BuildAsync(from, to, delta, options ?? ManyFrames, default);
        return delta.ToArray();
    }

    public static TreeEntry File(string path, long size) => new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = size };

    public static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Bytes changed, taken out, put in and moved; sometimes none.</summary>
    public static byte[] Edit(ReadOnlyMemory<byte> content, Random random)
    {
        var bytes = content.ToArray().ToList();
        for (int edits = random.Next(4); edits > 0 && bytes.Count > 0; edits--)
        {
            int at = random.Next(bytes.Count), count = random.Next(Math.Min(400, bytes.Count - at));
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= 0x5A;
                    break;
                case 1:
                    bytes.RemoveRange(at, count);
                    break;
                case 2:
                    bytes.InsertRange(at, Bytes(random.Next(), count));
                    break;
                default:
                    bytes.AddRange(bytes.GetRange(at, count));
                    break;
            }
        }
        return [.. bytes];
    }
}
