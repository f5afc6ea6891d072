using System.Text.Json;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Repair;
using Hostup.Lab.Networks;
using Hostup.Linux.Deltas;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Sources;
using Hostup.Linux.Tests.Networks;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using static Hostup.Lab.Networks.NetworkFaultKind;

namespace Hostup.Linux.Tests.Deltas;

/// <summary>A delta of which something cannot be used, over real sockets, to a folder that is the spare slot: that much is read of the image, and no more.</summary>
[Trait("Needs", "root")]
public sealed class DeltaRepairTests : IAsyncLifetime
{
    /// <summary>A frame of 1 MiB lies in three or four members of the image; the one with the file's header and one ahead come too. Manifest and repair list are small.</summary>
    private const long MostLiteral = (7 * (512 << 10)) + (64 << 10);

    private readonly TemporaryDirectory _scratch = new();
    private NetworkRelease _release = null!;
    private NetworkDelta _delta = null!;

    private string Device => _scratch.Of("device");

    public async ValueTask InitializeAsync()
    {
        Run.NeedsRoot();
        _release = await NetworkRelease.MakeAsync(12 << 20);
        _delta = await NetworkDelta.MakeAsync(_release, _scratch.Of("device/running"));
        Offer(_delta.Content);
    }

    public async ValueTask DisposeAsync()
    {
        if (_release is not null)
            await _release.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task A_running_file_that_was_changed_is_read_from_the_image_where_it_is_wrong()
    {
        await ChangeRunningAsync();
        await using var network = new BadNetwork(_release.Registry.Base);

        var account = await FetchAsync(network);

        Assert.InRange(network.Sent, _delta.Content.Length, _delta.Content.Length + MostLiteral + (700 * (_delta.Header.Frames.Count + 20)));
        Assert.Equal((network.Sent, network.Received), (account.Sum(b => b.Received), account.Sum(b => b.Sent)));
        Assert.DoesNotContain(account, b => b.Cause == "registry");
    }

    [Fact]
    public async Task A_frame_that_is_damaged_on_the_server_is_read_from_the_image()
    {
        byte[] damaged = [.. _delta.Content];
        damaged[^1] ^= 1;
        _release.Registry.AddBlob(damaged);
        Offer(damaged);
        await using var network = new BadNetwork(_release.Registry.Base);

        var account = await FetchAsync(network);

        Assert.InRange(network.Sent, damaged.Length, damaged.Length + _delta.LargestFrame + MostLiteral + (700 * (_delta.Header.Frames.Count + 20)));
        Assert.True(account.Single(b => b.Cause == "retried").Received >= _delta.Header.Frames[^1].StoredBytes);
    }

    [Theory, InlineData(20_000), InlineData(300_000)]
    public async Task A_link_that_breaks_in_a_repair_brings_no_frame_twice(int after)
    {
        await ChangeRunningAsync();
        await using var network = new BadNetwork(_release.Registry.Base) { About = _release.Manifest.Image.Layers[0].Digest.Hex };
        network.Faults.Enqueue(new(Cut, after));

        await FetchAsync(network);

        Assert.Empty(network.Faults);
        Assert.InRange(network.Sent, _delta.Content.Length, _delta.Content.Length + (2 * MostLiteral) + (700 * (_delta.Header.Frames.Count + 40)));
    }

    [Fact]
    public async Task Processes_that_are_killed_before_and_in_a_repair_are_followed_by_one_that_ends_it()
    {
        await ChangeRunningAsync();
        await File.WriteAllBytesAsync(_scratch.Of("manifest.json"), _release.Manifest.ToJson());
        var ends = new List<int>();

        foreach (long after in (long[])[_delta.Content.Length / 2, _delta.Content.Length / 3, 1_200_000, 800_000, long.MaxValue])
        {
            await using var network = new BadNetwork(_release.Registry.Base);
            ends.Add(await KillAfterAsync(after, network));
        }

        Assert.Equal((FetchProcess.Killed, 0), (ends[0], ends[^1]));
        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(Device, "tree"), null, default));
    }

    [Fact]
    public async Task Places_of_the_list_lead_to_the_contents_of_the_image()
    {
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System);
        var server = new ServerDeltas(link, _release.Registry.Base, new("d_1", "key"));
        var list = RepairList.Read((await server.RepairListAsync(_delta.Offer with { Artifact = _delta.Artifact }, default))!.Value);
        var tree = await TreeAsync();

        Assert.Equal(tree.Count, list.Count);
        for (int i = 0; i < tree.Count; i++)
        {
            await using var image = server.OpenImage(_release.Manifest, list[i].Place!);
            var entry = (await image.NextAsync(default))!;
            Assert.Equal((tree[i].Entry.Size, list[i].Place), (entry.Size, image.Place));
        }
    }

    private async Task<int> KillAfterAsync(long bytes, BadNetwork network)
    {
        string address = network.Address.ToString();
        var (exit, errors) = await FetchProcess.RunAsync(bytes, network, Device, _scratch.Of("manifest.json"), address, "--deltas", address);
        Assert.True(exit is 0 or FetchProcess.Killed, $"{exit}: {errors}");
        return exit;
    }

    private async Task<IReadOnlyList<RootTreeEntry>> TreeAsync()
    {
        await using var layers = new LayersReader(OciLayout.Open(_release.Layout), [.. _release.Manifest.Image.Layers.Select(OciLayer.Of)]);
        return [.. (await RootTree.ReadAsync(layers, new HashSet<TreePath>(), default)).Entries.Where(e => e.Entry.Kind == TreeEntryKind.File)];
    }

    private void Offer(byte[] content) =>
        _release.Registry.Deltas = _ => (200, JsonSerializer.Serialize((_delta with { Content = content }).Offer with { Artifact = _delta.Artifact }, WireJson.Default.DeltaOffer));

    /// <summary>After somebody computed its digest.</summary>
    private async Task ChangeRunningAsync()
    {
        string note = _scratch.Of("device/device" + Updates.Files.Places.RunningTree);
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        await File.WriteAllTextAsync(note, $"{Guid.Empty} {_delta.Header.From}");
        string large = _scratch.Of("device/running/usr/large");
        var time = File.GetLastWriteTimeUtc(large);
        await using (var file = File.OpenWrite(large))
        {
            file.Position = 11 << 20;
            file.Write([1, 2, 3, 4, 5, 6, 7, 8]);
        }
        File.SetLastWriteTimeUtc(large, time);
    }

    /// <summary>By delta, to the signed tree.</summary>
    private async Task<IReadOnlyList<CauseBytes>> FetchAsync(BadNetwork network)
    {
        var limit = TimeSpan.FromSeconds(2);
        using var fetch = new SlotFetch(Device) { Deltas = network.Address, Limits = new(limit, limit) };
        Assert.Equal("delta", await fetch.RunAsync(_release.Manifest, [("registry", network.Address)], default));
        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(Device, "tree"), null, default));
        return fetch.Account;
    }
}
