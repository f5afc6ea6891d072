using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Delta.Building;
using Hostup.Lab.Trees;
using Hostup.Linux.RootTrees;

namespace Hostup.Linux.Tests.RootTrees;

/// <summary>A delta from one folder to another on a real file system, with links, devices and attributes.</summary>
[Trait("Needs", "root")]
public sealed class DeltaWriteTests : IDisposable
{
    private static readonly DeltaOptions ManyFrames = new() { Quality = 4, FrameBytes = 60_000, FrameCopyBytes = 200_000, FrameCostBytes = 40_000, Threads = 1 };

    private readonly TemporaryDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Theory, InlineData(21), InlineData(22), InlineData(23)]
    public async Task The_tree_of_a_folder_and_a_delta_is_the_signed_one(int seed)
    {
        Run.NeedsRoot();
        var (old, delta, wanted) = await MakeAsync(seed);
        using var tree = await DirectoryTree.ListAsync(old, default);
        string target = _scratch.Sub("target");

        await DeltaWrite.WriteAsync(new MemoryStream(delta), tree, target, null, _ => { }, default);

        Assert.Equal(wanted, await TreeDigestOfDirectory.ComputeAsync(target, null, default));
    }

    [Fact]
    public async Task A_writer_that_ends_after_any_frame_is_followed_by_one_that_goes_on()
    {
        Run.NeedsRoot();
        var (old, delta, wanted) = await MakeAsync(24);
        using var tree = await DirectoryTree.ListAsync(old, default);
        string target = _scratch.Sub("target");
        DeltaProgress? durable = null;
        for (bool ended = false; !ended;)
        {
            int frame = durable?.FramesDone ?? 0;
            try
            {
                await DeltaWrite.WriteAsync(new MemoryStream(delta), tree, target, durable, Stop, default);
                ended = true;
            }
            catch (OperationCanceledException)
            {
                Assert.True(durable!.FramesDone > frame, "a writer makes progress");
            }
        }

        Assert.InRange(durable!.FramesDone, 4, 100);
        Assert.Equal(wanted, await TreeDigestOfDirectory.ComputeAsync(target, null, default));

        void Stop(DeltaProgress progress)
        {
            durable = progress;
            throw new OperationCanceledException("the power went");
        }
    }

    private async Task<(string Old, byte[] Delta, Digest Wanted)> MakeAsync(int seed)
    {
        var layers = RandomLayers.Make(seed, 4, 60);
        string old = _scratch.Sub("old");
        using (var writer = new SlotTreeWriter(old))
        {
            await using var entries = new ListedTree(layers.Take(3).SelectMany(l => l));
            while (await entries.NextAsync(default) is { } entry)
                await writer.WriteAsync(entry, entries, 0, _ => default, default);
            await writer.FinishAsync(default);
        }
        using var from = await SpooledTree.ReadAsync(new DirectoryTreeReader(old), _scratch.Sub("spool"), default);
        using var to = await SpooledTree.ReadAsync(new ListedTree(layers.SelectMany(l => l)), _scratch.Sub("spool"), default);
        using var delta = new MemoryStream();
        await DeltaBuilder.BuildAsync(from, to, delta, ManyFrames, default);
        return (old, delta.ToArray(), to.Digest);
    }
}
