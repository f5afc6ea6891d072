using Hostup.Delta.Format;

namespace Hostup.Delta.Tests;

public sealed class ResumeTests
{
    private const int Seed = 11;

    [Fact]
    public async Task Cut_at_200_places_it_goes_on_and_fetches_at_most_one_frame_again()
    {
        var (from, to) = await TestTrees.RandomPairAsync(Seed);
        using var _ = from;
        using var __ = to;
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        long begin = header.HeaderBytes + header.Frames[0].StoredBytes, largest = header.Frames.Max(f => f.StoredBytes);
        Assert.InRange(header.Frames.Count, 5, 100);
        var random = new Random(Seed);

        for (int run = 0; run < 200; run++)
        {
            int cut = random.Next(delta.Length);
            var written = new WrittenTree();
            var first = new CutStream(delta, cut);
            await Assert.ThrowsAsync<IOException>(() => written.ApplyAsync(first, from));
            var second = new CutStream(delta, long.MaxValue);
            await written.ApplyAsync(second, from);

            Assert.Equal(to.Digest, await written.DigestAsync());
            Assert.InRange(first.Served + second.Served, delta.Length, delta.Length + begin + largest);
        }
    }

    [Fact]
    public async Task Cut_at_every_frame_it_goes_on()
    {
        var (from, to) = await TestTrees.RandomPairAsync(Seed);
        using var _ = from;
        using var __ = to;
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        long end = header.HeaderBytes;
        foreach (var frame in header.Frames.SkipLast(1))
        {
            end += frame.StoredBytes;
            var written = new WrittenTree();
            await Assert.ThrowsAsync<IOException>(() => written.ApplyAsync(new CutStream(delta, end), from));
            await written.ApplyAsync(new MemoryStream(delta), from);

            Assert.Equal(to.Digest, await written.DigestAsync());
        }
    }

    [Fact]
    public async Task A_cut_inside_a_large_file_keeps_the_part_that_is_durable()
    {
        using var from = await TestTrees.SpoolAsync(("big", TestTrees.Bytes(1, 100)));
        using var to = await TestTrees.SpoolAsync(("big", TestTrees.Bytes(2, 6 << 20)));
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var written = new WrittenTree();

        await Assert.ThrowsAsync<IOException>(() => written.ApplyAsync(new CutStream(delta, delta.Length / 2), from));
        Assert.InRange(written.FramesDone, 2, 5);
        var rest = new CutStream(delta, long.MaxValue);
        await written.ApplyAsync(rest, from);

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(rest.Served, delta.Length * 4 / 10, delta.Length * 7 / 10);
    }
}
