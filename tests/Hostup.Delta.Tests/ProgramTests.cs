using Hostup.Core.Errors;
using Hostup.Delta.Programs;

namespace Hostup.Delta.Tests;

/// <summary>Deltas between single programs.</summary>
public sealed class ProgramTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-programs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory, InlineData(0, 0), InlineData(0, 1), InlineData(1, 0), InlineData(200_000, 210_000), InlineData(9_000_000, 9_100_000)]
    public async Task A_program_comes_out_as_it_is_from_another_one_and_from_none(int oldLength, int newLength)
    {
        byte[] old = TestTrees.Bytes(1, oldLength), target = [.. old.Take(newLength / 2), .. TestTrees.Bytes(2, newLength - Math.Min(oldLength, newLength / 2))];
        string from = await WriteAsync("old", old), to = await WriteAsync("new", target);

        foreach (string? begin in (string?[])[from, null])
        {
            using var delta = new MemoryStream();
            var header = await ProgramDelta.BuildAsync(begin, to, delta, _folder, default);

            Assert.Equal(target, await ApplyAsync(delta, begin));
            Assert.InRange(header.Frames.Max(f => f.StoredBytes), 1, ProgramDelta.MaxFrameBytes);
        }
    }

    [Fact]
    public async Task A_delta_of_something_else_is_refused()
    {
        string from = await WriteAsync("old", TestTrees.Bytes(1, 5000)), to = await WriteAsync("new", TestTrees.Bytes(2, 6000));
        using var nothing = new MemoryStream();
        await ProgramDelta.BuildAsync(from, await WriteAsync("none", []), nothing, _folder, default);
        using var tree = new MemoryStream();
        using var before = await TestTrees.SpoolAsync(("a", [1]));
        using var after = await TestTrees.SpoolAsync(("a", [1]), ("b", [2]), ("c", [3]));
        await tree.WriteAsync(await TestTrees.BuildAsync(before, after));
        using var delta = new MemoryStream();
        await ProgramDelta.BuildAsync(from, to, delta, _folder, default);

        Assert.Empty(await ApplyAsync(nothing, from));
        Assert.Equal(HostupErrors.BadDelta, (await Assert.ThrowsAsync<HostupException>(() => ApplyAsync(tree, from))).Code);
        await Assert.ThrowsAsync<HostupException>(() => ApplyAsync(delta, null));
        Assert.Equal(6000, (await ApplyAsync(delta, from, 6000)).Length);
        Assert.Equal(HostupErrors.BadDelta, (await Assert.ThrowsAsync<HostupException>(() => ApplyAsync(delta, from, 5999))).Code);
        byte[] damaged = delta.ToArray();
        damaged[^1] ^= 1;
        await Assert.ThrowsAsync<HostupException>(() => ApplyAsync(new MemoryStream(damaged), from));
    }

    private async Task<string> WriteAsync(string name, byte[] content)
    {
        string path = Path.Combine(_folder, name);
        await File.WriteAllBytesAsync(path, content);
        return path;
    }

    private async Task<byte[]> ApplyAsync(MemoryStream delta, string? old, long mostBytes = long.MaxValue)
    {
        delta.Position = 0;
        using var made = new MemoryStream();
        await ProgramDelta.ApplyAsync(delta, old, made, _folder, mostBytes, default);
        return made.ToArray();
    }
}
