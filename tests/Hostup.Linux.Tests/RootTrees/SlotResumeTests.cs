using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Lab.Trees;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Linux.Tests.RootTrees;

[Trait("Needs", "root")]
public sealed class SlotResumeTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_tree_whose_writer_dies_after_every_few_entries_comes_out_the_same(int seed)
    {
        Run.NeedsRoot();
        var random = new Random(seed);
        byte[] large = new byte[3 << 20];
        random.NextBytes(large);
        large.AsSpan(1 << 20, 1 << 19).Clear();
        var layers = RandomLayers.Make(seed, layers: 3, entries: 60);
        var all = layers.Append([(new TreeEntry { Path = TreePath.Parse("large"), Kind = TreeEntryKind.File, Mode = 0x1A4, ModifiedSeconds = 77 }, large)]).ToList();
        var (source, framed) = await FrameAsync(all);
        var expected = (await RootTree.ReadAsync(new ListedTree(all.SelectMany(l => l)), new HashSet<TreePath>(), default)).Digest;
        string directory = _scratch.Sub("tree");

        (TreePlace? Place, long FileBytes, long State) at = (null, 0, 0);
        int deaths = -1;
        for (bool whole = false; !whole; deaths++)
            (whole, at) = await WriteSomeAsync(source, framed, directory, at, random);

        Assert.Equal(expected, await TreeDigestOfDirectory.ComputeAsync(directory, null, default));
        Assert.True(deaths > 20, $"{deaths} deaths");
    }

    [Fact]
    public void A_tree_that_is_not_the_one_that_was_remembered_is_not_gone_on_with()
    {
        Run.NeedsRoot();
        using var writer = new SlotTreeWriter(_scratch.Sub("other"));

        Assert.False(writer.GoOn(100));
    }

    /// <summary>Writes on from a checkpoint, makes another one somewhere, writes on without one, and dies.</summary>
    private static async Task<(bool Whole, (TreePlace?, long, long) At)> WriteSomeAsync(IBlobSource source, OciLayer[] layers, string directory, (TreePlace? Place, long FileBytes, long State) at, Random random)
    {
        await using var reader = new LayersReader(source, layers, at.Place);
        using var writer = new SlotTreeWriter(directory);
        if (at.Place is not null)
            Assert.True(writer.GoOn(at.State));
        int checkpointIn = random.Next(8) + 1, dieIn = checkpointIn + random.Next(6);
        var next = at;
        try
        {
            while (await reader.NextAsync(default) is { } entry)
            {
                long from = reader.Place == at.Place ? at.FileBytes : 0;
                await reader.SkipAsync(from, default);
                if (from == 0)
                    await BetweenAsync(0);
                await writer.WriteAsync(entry, reader, from, BetweenAsync, default);
            }
            next = (reader.Place, 0, writer.Flush(whole: true, default));
            if (random.Next(2) == 0)
                return (false, next);
            await writer.FinishAsync(default);
            return (true, next);
        }
        catch (OperationCanceledException)
        {
            return (false, next);
        }

        ValueTask BetweenAsync(long done)
        {
            if (checkpointIn-- == 0)
                next = (reader.Place, done, writer.Flush(whole: false, default));
            return dieIn-- == 0 ? throw new OperationCanceledException() : default;
        }
    }

    private async Task<(OciLayout Layout, OciLayer[] Layers)> FrameAsync(IEnumerable<IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)>> layers)
    {
        var layout = OciLayout.Create(_scratch.Of("layout"));
        var image = await RoundTripTests.BuildAsync(layout, [.. layers.Select(l => new ListedTree(l))]);
        var (_, framed) = await new ImageReframing(layout).FrameAsync(image, layout, "framed", default);
        return (layout, [.. framed.Select(OciLayer.Of)]);
    }
}
