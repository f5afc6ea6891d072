using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta.Applying;
using Hostup.Delta.Format;

namespace Hostup.Delta.Tests;

public sealed class DamageTests
{
    [Fact]
    public async Task Any_damaged_byte_is_refused()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)), ("b", TestTrees.Bytes(2, 500)));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3500)), ("c", TestTrees.Bytes(3, 300)));
        byte[] delta = await TestTrees.BuildAsync(from, to);
        for (int at = 0; at < delta.Length; at++)
        {
            byte[] bad = [.. delta];
            bad[at] ^= (byte)(1 << (at % 8));

            var refusal = await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(bad), from));

            Assert.Equal(HostupErrors.BadDelta, refusal.Code);
        }
    }

    [Fact]
    public async Task A_delta_that_ends_early_is_refused()
    {
        using var from = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(1, 3000)));
        using var to = await TestTrees.SpoolAsync(("a", TestTrees.Bytes(2, 3000)));
        byte[] delta = await TestTrees.BuildAsync(from, to);
        for (int length = 0; length < delta.Length; length += 7)
            await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(delta[..length]), from));
    }

    [Fact]
    public async Task An_old_file_that_changed_is_noticed_in_the_frame_that_uses_it()
    {
        byte[] old = TestTrees.Bytes(1, 30_000), changed = [.. old];
        changed[15_000] ^= 1;
        using var from = await TestTrees.SpoolAsync(("a", old));
        using var other = await TestTrees.SpoolAsync(("a", changed));
        using var to = await TestTrees.SpoolAsync(("a", [.. old.AsSpan(0, 20_000), 1, 2, 3, .. old.AsSpan(20_000)]));
        byte[] delta = await TestTrees.BuildAsync(from, to);

        var refusal = await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(delta), other));

        Assert.Equal(HostupErrors.DeltaOld, refusal.Code);
    }

    [Theory, InlineData("same"), InlineData("moved")]
    public async Task An_old_file_that_is_only_copied_and_changed_is_noticed_in_the_frame_that_uses_it(string name)
    {
        byte[] old = TestTrees.Bytes(1, 30_000), changed = [.. old];
        changed[15_000] ^= 1;
        using var from = await TestTrees.SpoolAsync(("same", old));
        using var other = await TestTrees.SpoolAsync(("same", changed));
        using var to = await TestTrees.SpoolAsync((name, old), ("z", TestTrees.Bytes(2, 300)));
        byte[] delta = await TestTrees.BuildAsync(from, to);

        var refusal = await Assert.ThrowsAsync<HostupException>(() => new WrittenTree().ApplyAsync(new MemoryStream(delta), other));

        Assert.Equal(HostupErrors.DeltaOld, refusal.Code);
    }

    /// <summary>With good hashes, as one who signs them could make it: it ends with an error of ours or with a listing that stays in the tree.</summary>
    [Fact]
    public async Task A_frame_of_nonsense_never_crashes_and_never_leaves_the_tree()
    {
        var (from, to) = await TestTrees.RandomPairAsync(3);
        using var _ = from;
        using var __ = to;
        byte[] delta = await TestTrees.BuildAsync(from, to);
        var header = await DeltaHeader.ReadAsync(new MemoryStream(delta), default);
        var random = new Random(99);
        for (int run = 0; run < 3000; run++)
        {
            byte[] bad = Forged.Alter(delta, header, random);
            long before = GC.GetTotalAllocatedBytes(precise: true);

            var ended = await Record.ExceptionAsync(() => ReadAsync(bad, from));

            Assert.True(ended is null or HostupException, $"run {run}: {ended}");
            Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 200 << 20);
        }
    }

    private static async Task ReadAsync(byte[] delta, IDeltaTree old)
    {
        await using var reader = await DeltaTreeReader.OpenAsync(new MemoryStream(delta), old, new DeltaPlace(Path.GetTempPath(), null), 0, default);
        byte[] block = new byte[64 * 1024];
        long total = 0;
        while (await reader.NextAsync(default) is { } entry)
        {
            Assert.Equal(entry.Path, TreePath.Parse(entry.Path.Bytes));
            int read;
            while (total < 50_000_000 && (read = await reader.ReadAsync(block, default)) > 0)
                total += read;
            if (total >= 50_000_000)
                return;
        }
    }
}
