using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Format;
using Hostup.Delta.Repair;

namespace Hostup.Delta.Tests;

/// <summary>Frames that cannot be used are made of the old tree and the image; whatever is wrong, what comes of it is right or refused.</summary>
public sealed class RepairTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8)]
    public async Task Any_frames_can_be_made_without_the_delta(int seed)
    {
        var (from, to) = await TestTrees.RandomPairAsync(seed);
        using var _ = from;
        using var __ = to;
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        var random = new Random(seed);
        int[] frames = [.. Enumerable.Range(1, header.Frames.Count - 1).Where(_ => random.Next(2) == 0)];
        foreach (int frame in frames)
            delta[(int)Start(header, frame)] ^= 0xFF;

        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from, image.Repairing(frames));

        Assert.Equal(to.Digest, await written.DigestAsync());
    }

    [Fact]
    public async Task All_frames_can_be_made_without_the_delta_and_what_is_unchanged_is_not_fetched()
    {
        var (from, to) = await TestTrees.RandomPairAsync(12);
        using var _ = from;
        using var __ = to;
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);

        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta.AsSpan(0, (int)Start(header, 1)).ToArray()), from, image.Repairing([.. Enumerable.Range(1, header.Frames.Count - 1)]));

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(image.Read, 1, to.ContentBytes - 1);
    }

    [Fact]
    public async Task A_changed_old_file_that_is_copied_is_fetched_and_no_other()
    {
        byte[][] files = [.. Enumerable.Range(0, 30).Select(i => TestTrees.Bytes(i, 20_000 + i))];
        byte[] changed = [.. files[13]];
        changed[9000] ^= 1;
        using var from = await TestTrees.SpoolAsync(files.Select((f, i) => ($"usr/f{i:00}", f)));
        using var there = await TestTrees.SpoolAsync(files.Select((f, i) => ($"usr/f{i:00}", i == 13 ? changed : f)));
        using var to = await TestTrees.SpoolAsync(files.Append(TestTrees.Bytes(99, 500)).Select((f, i) => ($"usr/f{i:00}", f)));
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var written = new WrittenTree();

        var refusal = await Assert.ThrowsAsync<HostupException>(() => written.ApplyAsync(new MemoryStream(delta), there));
        await written.ApplyAsync(new MemoryStream(delta), there, image.Repairing(written.FramesDone));

        Assert.Equal(HostupErrors.DeltaOld, refusal.Code);
        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(image.Read, files[13].Length, files[13].Length + 500);
    }

    [Fact]
    public async Task A_changed_old_file_that_is_patched_costs_what_its_frame_makes()
    {
        byte[] old = TestTrees.Bytes(1, 500_000), changed = [.. old];
        changed[400_000] ^= 1;
        using var from = await TestTrees.SpoolAsync(("big", old));
        using var there = await TestTrees.SpoolAsync(("big", changed));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(7, 90_000)), ("big", [.. old.AsSpan(0, 100), 1, 2, 3, .. old.AsSpan(100)]), ("z", TestTrees.Bytes(8, 90_000)));
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var written = new WrittenTree();

        await Assert.ThrowsAsync<HostupException>(() => written.ApplyAsync(new MemoryStream(delta), there));
        await written.ApplyAsync(new MemoryStream(delta), there, image.Repairing(written.FramesDone));

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(image.Read, 500_003, 600_000);
    }

    /// <summary>The listing and the header have no other source: a delta that is damaged there is refused.</summary>
    [Fact]
    public async Task Any_damaged_byte_of_the_contents_is_repaired()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)), ("b", TestTrees.Bytes(2, 500)), ("same", TestTrees.Bytes(5, 900)));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3500)), ("c", TestTrees.Bytes(3, 300)), ("same", TestTrees.Bytes(5, 900)));
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        for (long at = Start(header, 1); at < delta.Length; at++)
        {
            byte[] bad = [.. delta];
            bad[at] ^= (byte)(1 << (int)(at % 8));
            var written = new WrittenTree();

            await Assert.ThrowsAsync<HostupException>(() => written.ApplyAsync(new MemoryStream(bad), from));
            await written.ApplyAsync(new MemoryStream(bad), from, new ImageOfTree(to).Repairing(Math.Max(1, written.FramesDone)));

            Assert.Equal(to.Digest, await written.DigestAsync());
        }
    }

    [Fact]
    public async Task A_repair_that_breaks_off_goes_on_with_the_frame_that_was_under_way()
    {
        var (from, to) = await TestTrees.RandomPairAsync(11);
        using var _ = from;
        using var __ = to;
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        int[] all = [.. Enumerable.Range(1, header.Frames.Count - 1)];
        var whole = new ImageOfTree(to);
        await new WrittenTree().ApplyAsync(new MemoryStream(delta), from, whole.Repairing(all));
        long largest = header.Frames.Skip(1).Max(f => f.OutputBytes);
        var random = new Random(11);
        for (int run = 0; run < 50; run++)
        {
            var image = new ImageOfTree(to) { BreaksAfter = random.NextInt64(whole.Read) };
            var written = new WrittenTree();
            await Assert.ThrowsAsync<IOException>(() => written.ApplyAsync(new MemoryStream(delta), from, image.Repairing(all)));
            image.BreaksAfter = null;

            await written.ApplyAsync(new MemoryStream(delta), from, image.Repairing(all));

            Assert.Equal(to.Digest, await written.DigestAsync());
            Assert.InRange(image.Read, 0, whole.Read + largest);
        }
    }

    [Fact]
    public async Task Files_that_lie_side_by_side_in_the_image_are_fetched_in_one_go()
    {
        byte[][] files = [.. Enumerable.Range(0, 40).Select(i => TestTrees.Bytes(i, 3000))];
        using var from = await TestTrees.SpoolAsync(("other", [1]));
        using var to = await TestTrees.SpoolAsync(files.Select((f, i) => ($"usr/f{i:00}", f)));
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);

        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from, image.Repairing([.. Enumerable.Range(1, header.Frames.Count - 1)]));

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.Equal(1, image.Opened);
    }

    [Fact]
    public async Task An_old_tree_with_another_listing_is_refused_before_anything_is_fetched()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)), ("b", [1]));
        using var there = await TestTrees.SpoolAsync(new ListedTree([
            (TestTrees.File("a", 3000) with { UserId = 7 }, TestTrees.Bytes(1, 3000)), (TestTrees.File("b", 1), (byte[])[1])]));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3100)), ("b", [1]));
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to);

        var refusal = await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(delta), there, image.Repairing(1)));

        Assert.Equal(HostupErrors.DeltaOld, refusal.Code);
        Assert.Equal(0, image.Opened);
    }

    [Fact]
    public async Task A_list_of_another_tree_is_refused()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3100)));
        using var other = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3200)));
        var image = new ImageOfTree(other);
        byte[] delta = await TestTrees.BuildAsync(from, to);

        var refusal = await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(delta), from, image.Repairing(1)));

        Assert.Equal((HostupErrors.BadDelta, 0), (refusal.Code, image.Opened));
    }

    [Fact]
    public async Task A_list_is_read_as_it_was_written()
    {
        var (from, to) = await TestTrees.RandomPairAsync(6);
        using var _ = from;
        using var __ = to;
        var list = new ImageOfTree(to).List;

        var read = RepairList.Read(list.Write());

        Assert.Equal((list.Listing, list.Count), (read.Listing, read.Count));
        Assert.Equal(Enumerable.Range(0, list.Count).Select(i => list[i]), Enumerable.Range(0, read.Count).Select(i => read[i]));
    }

    [Fact]
    public async Task A_damaged_list_ends_with_an_error_of_ours_or_with_a_tree_that_its_digest_judges()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)), ("b", TestTrees.Bytes(2, 500)));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3500)), ("b", TestTrees.Bytes(2, 500)), ("c", TestTrees.Bytes(3, 3500)));
        var image = new ImageOfTree(to);
        byte[] delta = await TestTrees.BuildAsync(from, to), good = image.List.Write();
        for (int at = 0; at < good.Length; at++)
        {
            byte[] bad = [.. good];
            bad[at] ^= (byte)(1 << (at % 8));

            var ended = await Record.ExceptionAsync(() => new WrittenTree().ApplyAsync(new MemoryStream(delta), from, image.Repairing(RepairList.Read(bad), 1)));

            Assert.True(ended is null or HostupException, $"byte {at}: {ended}");
        }
    }

    private static long Start(DeltaHeader header, int frame) => header.HeaderBytes + header.Frames.Take(frame).Sum(f => f.StoredBytes);
}
