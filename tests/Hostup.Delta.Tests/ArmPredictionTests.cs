using System.Buffers.Binary;
using Hostup.Delta.Building;
using Hostup.Delta.Format;

namespace Hostup.Delta.Tests;

/// <summary>References of AArch64 programs that only moved.</summary>
public sealed class ArmPredictionTests
{
    private const int CodeStart = 0x1000;
    private const int Functions = 120;
    private const ushort Arm64 = 183;
    private const ushort Unknown = 40;

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public async Task Calls_and_addresses_that_only_moved_cost_next_to_nothing(int seed)
    {
        long predicted = await DeltaBytesAsync(Program(seed, Arm64, grown: false), Program(seed, Arm64, grown: true));
        long plain = await DeltaBytesAsync(Program(seed, Unknown, grown: false), Program(seed, Unknown, grown: true));

        Assert.True(plain > predicted * 3 / 2, $"{plain} bytes without prediction, {predicted} with it");
    }

    /// <summary>Whatever the instructions are: prediction is undone by the differences.</summary>
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public async Task A_program_of_noise_comes_out_as_it_was(int seed)
    {
        byte[] old = Program(seed, Arm64, grown: false);
        new Random(seed).NextBytes(old.AsSpan(CodeStart));
        byte[] target = [.. old.AsSpan(0, CodeStart + 4000), .. TestTrees.Bytes(seed, 36), .. old.AsSpan(CodeStart + 4000)];

        await DeltaBytesAsync(old, target);
        await DeltaBytesAsync(target, old);
    }

    private static async Task<long> DeltaBytesAsync(byte[] old, byte[] target)
    {
        using var from = await TestTrees.SpoolAsync(("bin/program", old));
        using var to = await TestTrees.SpoolAsync(("bin/program", target));
        byte[] delta = await TestTrees.BuildAsync(from, to, new DeltaOptions { Threads = 1 });
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);

        Assert.Equal(to.Digest, await written.DigestAsync());
        return (await DeltaHeader.ReadAsync(new MemoryStream(delta), default)).TotalBytes;
    }

    /// <summary>Functions that call one another and use a table of data behind the code; one of them may have become longer.</summary>
    private static byte[] Program(int seed, ushort machine, bool grown)
    {
        var random = new Random(seed);
        var bodies = Enumerable.Range(0, Functions).Select(_ => Filler(random, random.Next(30, 70))).ToList();
        var uses = bodies.SelectMany((_, caller) => Enumerable.Range(0, 6).Select(i => (caller, at: 4 * i, callee: random.Next(Functions), data: 8 * random.Next(500)))).ToList();
        if (grown)
            bodies[60] = [.. bodies[60], .. Filler(random, 19)];
        int[] starts = new int[Functions];
        for (int i = 1; i < Functions; i++)
            starts[i] = starts[i - 1] + (4 * bodies[i - 1].Length);
        int code = starts[^1] + (4 * bodies[^1].Length), table = CodeStart + ((code + 0xFFF) & ~0xFFF) + 0x1000;
        foreach (var (caller, at, callee, data) in uses)
        {
            int here = CodeStart + starts[caller] + (4 * at), address = table + data;
            bodies[caller][at] = 0x94000000 | ((uint)((CodeStart + starts[callee] - here) / 4) & 0x03FFFFFF);
            uint pages = (uint)((address >> 12) - ((here + 4) >> 12));
            bodies[caller][at + 1] = 0x90000000 | ((pages & 3) << 29) | (((pages >> 2) & 0x7FFFF) << 5) | (uint)at;
            bodies[caller][at + 2] = 0xF9400000 | ((uint)((address & 0xFFF) >> 3) << 10) | ((uint)at << 5) | 1;
        }
        byte[] text = [.. bodies.SelectMany(b => b).SelectMany(w => BitConverter.GetBytes(w))];
        return [.. Head(machine, text.Length, table), .. text, .. new byte[table - CodeStart - text.Length], .. TestTrees.Bytes(seed, 4096)];
    }

    /// <summary>System instructions: they refer to nothing.</summary>
    private static uint[] Filler(Random random, int words) => [.. Enumerable.Range(0, words).Select(_ => 0xD5000000 | (uint)random.Next(1 << 20))];

    /// <summary>File header and two program headers, as the System V ABI has them: code, then data.</summary>
    private static byte[] Head(ushort machine, int code, int table)
    {
        byte[] head = new byte[CodeStart];
        ((ReadOnlySpan<byte>)[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(head);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), machine);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(56), 2);
        foreach (var (at, flags, offset, length) in ((int, int, int, int)[])[(64, 5, CodeStart, code), (120, 6, table, 4096)])
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
