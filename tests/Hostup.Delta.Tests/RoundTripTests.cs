using Hostup.Delta.Building;

namespace Hostup.Delta.Tests;

public sealed class RoundTripTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory, MemberData(nameof(Seeds))]
    public async Task A_random_tree_comes_out_as_it_was(int seed)
    {
        var (from, to) = await TestTrees.RandomPairAsync(seed);
        using var _ = from;
        using var __ = to;
        byte[] delta = await TestTrees.BuildAsync(from, to);

        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
    }

    /// <summary>Moved, of another kind, linked, copied, empty, full of holes, with attributes and names of any bytes; there and back.</summary>
    [Theory, MemberData(nameof(Seeds))]
    public async Task A_tree_that_was_worked_on_comes_out_as_it_is_now_and_as_it_was(int seed)
    {
        var tree = new RandomTree(seed);
        using var before = await TestTrees.SpoolAsync(tree.Listed());
        tree.Work(10 + seed);
        using var after = await TestTrees.SpoolAsync(tree.Listed());

        await RequireAsync(before, after);
        await RequireAsync(after, before);
    }

    [Fact]
    public async Task Many_small_files_come_out_as_they_were()
    {
        var random = new Random(3);
        byte[][] small = [.. Enumerable.Range(0, 6000).Select(i => TestTrees.Bytes(i, random.Next(40)))];
        using var from = await TestTrees.SpoolAsync(small.Select((f, i) => ($"usr/share/d{i % 70}/f{i}", f)));
        using var to = await TestTrees.SpoolAsync(small.Select((f, i) => ($"usr/share/d{(i % 9 == 0 ? i % 71 : i % 70)}/f{i}", i % 10 == 0 ? TestTrees.Edit(f, random) : f)));

        await RequireAsync(from, to);
    }

    [Fact]
    public async Task A_large_file_of_holes_comes_out_as_it_was()
    {
        byte[] old = new byte[23 << 20], target = new byte[25 << 20];
        foreach (int at in (int[])[0, 3 << 20, (9 << 20) + 77, 22 << 20])
        {
            TestTrees.Bytes(at, 3000).CopyTo(old, at);
            TestTrees.Bytes(at, 3000).CopyTo(target, at + 4096);
        }
        using var from = await TestTrees.SpoolAsync(("holes", old), ("z", [1]));
        using var to = await TestTrees.SpoolAsync(("holes", target), ("z", [2]));

        await RequireAsync(from, to, TestTrees.ManyFrames with { SourceBytes = 2 << 20, PartBytes = 3 << 20, FrameBytes = 2 << 20 });
    }

    private static async Task RequireAsync(SpooledTree from, SpooledTree to, DeltaOptions? options = null)
    {
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(await TestTrees.BuildAsync(from, to, options)), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
    }

    [Fact]
    public async Task An_unchanged_tree_costs_next_to_nothing()
    {
        var (from, to) = await TestTrees.RandomPairAsync(5);
        using var _ = to;
        using (from)
            Assert.InRange((await TestTrees.BuildAsync(from, from)).Length, 100, 600);
    }

    [Fact]
    public async Task A_renamed_directory_of_changed_files_is_patched()
    {
        byte[][] modules = [.. Enumerable.Range(0, 30).Select(i => TestTrees.Bytes(i, 20_000))];
        using var from = await TestTrees.SpoolAsync(modules.Select((m, i) => ($"usr/lib/modules/6.1.0-50/m{i}.ko", m)));
        using var to = await TestTrees.SpoolAsync(modules.Select((m, i) => ($"usr/lib/modules/6.1.0-56/m{i}.ko", (byte[])[.. m.AsSpan(0, 9000), 1, 2, 3, .. m.AsSpan(9000)])));

        byte[] delta = await TestTrees.BuildAsync(from, to, new DeltaOptions());
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(delta.Length, 200, 1500);
    }

    [Theory]
    [InlineData(0, 0), InlineData(0, 5_000_000), InlineData(5_000_000, 0), InlineData(7_000_000, 9_300_000)]
    public async Task A_file_that_spans_frames_comes_out_as_it_was(int oldLength, int newLength)
    {
        byte[] old = TestTrees.Bytes(1, oldLength);
        byte[] target = [.. old.Take(newLength / 2), .. TestTrees.Bytes(2, newLength - Math.Min(oldLength, newLength / 2))];
        using var from = await TestTrees.SpoolAsync(("a", [1]), ("big", old));
        using var to = await TestTrees.SpoolAsync(("a", [2]), ("big", target), ("empty", []), ("z", []));

        byte[] delta = await TestTrees.BuildAsync(from, to, TestTrees.ManyFrames with { SourceBytes = 2 << 20, PartBytes = 3 << 20 });
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
    }

    [Fact]
    public async Task The_same_trees_give_the_same_delta_on_any_number_of_processors()
    {
        var (from, to) = await TestTrees.RandomPairAsync(7);
        using var _ = from;
        using var __ = to;

        Assert.Equal(await TestTrees.BuildAsync(from, to), await TestTrees.BuildAsync(from, to, TestTrees.ManyFrames with { Threads = 3 }));
    }
}
