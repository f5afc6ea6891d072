using System.Buffers.Binary;
using Hostup.Delta.Format;

namespace Hostup.Delta.Tests;

public sealed class PredictionTests
{
    private const int CodeStart = 0x1000;

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public async Task Calls_that_only_moved_cost_next_to_nothing(int seed)
    {
        byte[] old = Program(seed, grown: -1), target = Program(seed, grown: 60);

        long predicted = await DeltaBytesAsync(old, target);
        // the same code without the mark of an ELF file
        long plain = await DeltaBytesAsync([0, .. old.AsSpan(1)], [0, .. target.AsSpan(1)]);

        Assert.InRange(predicted, 300, 900);
        Assert.True(plain > predicted * 2, $"{plain} bytes without prediction, {predicted} with it");
    }

    [Fact]
    public async Task Addresses_in_tables_follow_what_they_point_to()
    {
        byte[] old = Program(4, grown: -1, tables: true), target = Program(4, grown: 60, tables: true);

        long predicted = await DeltaBytesAsync(old, target);

        Assert.InRange(predicted, 300, 1000);
    }

    private static async Task<long> DeltaBytesAsync(byte[] old, byte[] target)
    {
        using var from = await TestTrees.SpoolAsync(("bin/program", old));
        using var to = await TestTrees.SpoolAsync(("bin/program", target));
        byte[] delta = await TestTrees.BuildAsync(from, to, new Building.DeltaOptions { Threads = 1 });
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
        return (await DeltaHeader.ReadAsync(new MemoryStream(delta), default)).TotalBytes;
    }

    /// <summary>A program of 120 functions that call one another; one of them may have become longer, which moves all behind it.</summary>
    private static byte[] Program(int seed, int grown, bool tables = false)
    {
        var random = new Random(seed);
        var bodies = Enumerable.Range(0, 120).Select(_ => new byte[random.Next(100, 300)]).ToList();
        bodies.ForEach(random.NextBytes);
        var calls = bodies.SelectMany((body, caller) => Enumerable.Range(0, 6).Select(i => (caller, at: 10 + (i * 14), callee: random.Next(bodies.Count)))).ToList();
        if (grown >= 0)
            bodies[grown] = [.. bodies[grown], .. TestTrees.Bytes(seed + 1, 77)];
        int[] starts = new int[bodies.Count];
        for (int i = 1; i < starts.Length; i++)
            starts[i] = starts[i - 1] + bodies[i - 1].Length;
        foreach (var (caller, at, callee) in calls)
        {
            bodies[caller][at - 1] = 0xE8;
            BinaryPrimitives.WriteInt32LittleEndian(bodies[caller].AsSpan(at), starts[callee] - (starts[caller] + at + 4));
        }
        byte[] code = [.. bodies.SelectMany(b => b)];
        byte[] pointers = tables ? [.. calls.SelectMany(c => BitConverter.GetBytes((long)CodeStart + starts[c.callee]))] : [];
        return [.. Head(code.Length, pointers.Length), .. code, .. new byte[CodeStart - (code.Length % CodeStart)], .. pointers];
    }

    /// <summary>File header and two program headers, as the System V ABI has them: code, then data.</summary>
    private static byte[] Head(int code, int tables)
    {
        byte[] head = new byte[CodeStart];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), 62);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(56), 2);
        int data = CodeStart + code + CodeStart - (code % CodeStart);
        foreach (var (at, flags, offset, length) in ((int, int, int, int)[])[(64, 5, CodeStart, code), (120, 6, data, tables)])
        {
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(at), 1);
            BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(at + 4), flags);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(at + 8), offset);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(at + 16), offset);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(at + 32), length);
            BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(at + 40), length);
        }
        return head;
    }
}
