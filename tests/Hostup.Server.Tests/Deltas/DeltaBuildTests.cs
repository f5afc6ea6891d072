using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Delta.Building;
using Hostup.Server.Blobs;
using Hostup.Server.Deltas;

namespace Hostup.Server.Tests.Deltas;

public sealed class DeltaBuildTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-build-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Progress_grows_from_the_first_tree_to_the_proof()
    {
        await using var server = await DeltaServer.StartAsync(o => o with { DeltaWorkers = 0 });
        var (from, to) = ((await TestTree.Old().PublishAsync(server)).Envelope, (await TestTree.New().PublishAsync(server)).Envelope);
        var told = new List<double>();

        var word = await DeltaBuild.MakeAsync(new BlobStore(server.Directory), from, to, _folder, told.Add, default);

        Assert.Equal(told.Order(), told);
        Assert.Equal((0.05, 0.95), (told[0], Math.Round(told[^1], 6)));
        Assert.True(told.Count >= 4, string.Join(' ', told));
        Assert.Equal(word.Blob, Digest.Of(await File.ReadAllBytesAsync(Path.Combine(_folder, DeltaBuild.FileName))).ToString());
    }

    [Fact]
    public async Task Only_a_delta_that_gives_the_signed_tree_is_proved()
    {
        using var old = await TestTree.Old().SpoolAsync();
        using var target = await TestTree.New().SpoolAsync();
        using var other = await TestTree.New("9.9.9").SpoolAsync();
        byte[] good = await BuildAsync(old, target), foreign = await BuildAsync(old, other), elsewhere = await BuildAsync(other, target);
        byte[] damaged = [.. good];
        damaged[^10] ^= 1;

        await ProveAsync(good);
        Assert.Equal(HostupErrors.DigestMismatch, await CodeAsync(foreign));
        Assert.Equal(HostupErrors.BadDelta, await CodeAsync(damaged));
        Assert.Equal(HostupErrors.BadDelta, await CodeAsync(good[..^1]));
        Assert.Equal(HostupErrors.BadDelta, await CodeAsync("garbage"u8.ToArray()));
        Assert.Contains(await CodeAsync(elsewhere), (HostupErrorCode[])[HostupErrors.DeltaOld, HostupErrors.BadDelta, HostupErrors.DigestMismatch]);

        Task ProveAsync(byte[] delta) => new DeltaProof(target).CheckAsync(new MemoryStream(delta), old, target.Digest, _folder, default);

        async Task<HostupErrorCode> CodeAsync(byte[] delta) => (await Assert.ThrowsAsync<HostupException>(() => ProveAsync(delta))).Code;
    }

    [Fact]
    public void Words_of_the_process_come_back_as_they_were_said()
    {
        var built = DeltaWord.Built(Digest.Of("delta"u8), 5, 2);

        Assert.Equal(built, DeltaWord.Parse(built.ToLine()));
        Assert.Equal(0.25, DeltaWord.Parse(new DeltaWord { Progress = 0.25 }.ToLine())!.Progress);
        Assert.Null(DeltaWord.Parse("GC heap initialization failed"));
        Assert.Null(DeltaWord.Parse(""));
    }

    private static async Task<byte[]> BuildAsync(SpooledTree from, SpooledTree to)
    {
        using var delta = new MemoryStream();
        await DeltaBuilder.BuildAsync(from, to, delta, new DeltaOptions { Quality = 4, Threads = 1 }, default);
        return delta.ToArray();
    }
}
