using Hostup.Delta.Patching;

namespace Hostup.Delta.Tests;

public sealed class PatchTests
{
    [Theory]
    [InlineData(1, 1), InlineData(2, 1), InlineData(7, 2), InlineData(100, 2), InlineData(1000, 3), InlineData(5000, 256), InlineData(20_000, 2)]
    public void Suffixes_come_out_in_order(int length, int alphabet)
    {
        for (int seed = 0; seed < 10; seed++)
        {
            var random = new Random(seed);
            byte[] text = [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(alphabet))];

            int[] order = SuffixArray.Sort(text, length);

            Assert.Equal(Enumerable.Range(0, length), order.Order());
            for (int i = 1; i < length; i++)
                Assert.True(text.AsSpan(order[i - 1]).SequenceCompareTo(text.AsSpan(order[i])) < 0, $"seed {seed}: {order[i - 1]} stands before {order[i]}");
        }
    }

    [Theory]
    [InlineData(0, 100), InlineData(100, 0), InlineData(1, 1), InlineData(1, 2), InlineData(500, 700), InlineData(100_000, 100_000), InlineData(90_000, 140_000)]
    public void Pieces_give_exactly_the_new_content(int oldLength, int newLength)
    {
        byte[] old = TestTrees.Bytes(1, oldLength), target = TestTrees.Bytes(2, newLength);
        for (int at = 0; at + 50 < Math.Min(oldLength, newLength); at += 300)
            old.AsSpan(at, 200 < oldLength - at ? Math.Min(200, newLength - at) : 50).CopyTo(target.AsSpan(at));

        var pieces = new PatchMaker(new OldContent(old, old.Length)).Make(target);

        int made = 0;
        foreach (var piece in pieces)
        {
            Assert.InRange(piece.OldPosition, 0, oldLength - piece.Alike);
            Assert.True(piece.Alike + piece.Fresh > 0);
            made += piece.Alike + piece.Fresh;
        }
        Assert.Equal(newLength, made);
    }

    [Fact]
    public void What_is_alike_is_found_after_it_moved()
    {
        byte[] old = TestTrees.Bytes(3, 50_000);
        byte[] target = [.. old.AsSpan(30_000), .. TestTrees.Bytes(4, 100), .. old.AsSpan(0, 30_000)];
        target[10_000] ^= 1;

        var pieces = new PatchMaker(new OldContent(old, old.Length)).Make(target);

        Assert.Equal(2, pieces.Count);
        Assert.InRange(pieces.Sum(p => p.Fresh), 90, 110);
    }
}
