using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Networks;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Tests.Networks;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Slots;
using static Hostup.Lab.Networks.NetworkFaultKind;

namespace Hostup.Linux.Tests.Deltas;

/// <summary>The step that writes a slot, by delta over real sockets, from a folder with the tree that runs to a folder that is the spare slot.</summary>
[Trait("Needs", "root")]
public sealed class DeltaFetchTests : IAsyncLifetime
{
    private const int HeadBytes = 64 << 10;
    private readonly TemporaryDirectory _scratch = new();
    private NetworkRelease _release = null!;
    private NetworkDelta _delta = null!;

    private string Device => _scratch.Of("device");

    public async ValueTask InitializeAsync()
    {
        Run.NeedsRoot();
        _release = await NetworkRelease.MakeAsync(12 << 20);
        _delta = await NetworkDelta.MakeAsync(_release, _scratch.Of("device/running"));
        Assert.InRange(_delta.Content.Length, 1 << 20, _release.Size / 2);
        Assert.InRange(_delta.Header.Frames.Count, 5, 100);
    }

    public async ValueTask DisposeAsync()
    {
        if (_release is not null)
            await _release.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task The_tree_is_made_of_the_running_one_and_every_byte_is_in_the_account_as_delta()
    {
        await using var network = new BadNetwork(_release.Registry.Base);

        var (end, account) = await FetchAsync(network);

        Assert.Equal("delta", end);
        await AssertTreeAsync();
        Assert.Equal([new CauseBytes("delta", network.Sent, network.Received)], account);
        Assert.InRange(network.Sent, _delta.Content.Length, _delta.Content.Length + (700 * (_delta.Header.Frames.Count + 2)));
        Assert.Contains(_release.Registry.Requests, r => r.StartsWith("GET /device/v1/deltas/", StringComparison.Ordinal) && r.EndsWith(" Bearer", StringComparison.Ordinal));
    }

    [Fact]
    public async Task On_file_systems_of_their_own_it_reads_back_from_the_medium_as_it_was_signed()
    {
        await using var medium = await LoopMedium.MountAsync(160 << 20, default);
        Run.Checked("/bin/cp", "-a", _scratch.Of("device/running"), Path.Combine(medium.Path, "running"));
        await using var network = new BadNetwork(_release.Registry.Base);
        using var fetch = new SlotFetch(medium.Path) { Deltas = network.Address, DropsCaches = true };

        string end = await fetch.RunAsync(_release.Manifest, [("registry", network.Address)], default);

        Assert.Equal("delta", end);
        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(medium.Path, "tree"), null, default));
    }

    [Fact]
    public async Task A_process_that_is_killed_again_and_again_fetches_at_most_a_frame_and_the_head_twice()
    {
        await File.WriteAllBytesAsync(_scratch.Of("manifest.json"), _release.Manifest.ToJson());
        int seed = Environment.TickCount;
        var random = new Random(seed);
        long reached = 0;
        int kills = 0;
        for (bool whole = false; !whole;)
        {
            await using var network = new BadNetwork(_release.Registry.Base);
            whole = await KillAfterAsync(kills < 12 ? random.NextInt64(HeadBytes + 10_000, HeadBytes + 900_000) : long.MaxValue, network) == 0;
            var parts = network.Exchanges.Where(e => e.Path.Contains("/blobs/", StringComparison.Ordinal)).ToList();
            long again = parts.Sum(e => Math.Clamp(reached - e.From, 0, e.BodySent));
            reached = Math.Max(reached, parts.Select(e => e.From + e.BodySent).DefaultIfEmpty().Max());
            Assert.True(again <= _delta.LargestFrame + (2 * HeadBytes), $"seed {seed}, kill {kills}: {again} bytes again");
            kills += whole ? 0 : 1;
        }

        Assert.True(kills >= 3, $"seed {seed}: {kills} kills");
        await AssertTreeAsync();
    }

    public static TheoryData<string, string, int, long> Faults() => new()
    {
        // What happens, which source brings the image, at which part, and how many bytes may come twice.
        { "cut", "delta", 1, 1000 },
        { "cut", "delta", 3, 1000 },
        { "damage", "delta", 0, 3 << 20 },
        { "damage", "delta", 2, 2 << 20 },
        { "status", "delta", 1, 0 },
        { "stall", "delta", 2, 1000 },
    };

    [Theory, MemberData(nameof(Faults))]
    public async Task A_part_that_fails_on_its_way_is_fetched_again_and_no_other(string fault, string brings, int part, long again)
    {
        await using var network = new BadNetwork(_release.Registry.Base);
        for (int i = 0; i < part; i++)
            network.Faults.Enqueue(new(None));
        network.Faults.Enqueue(fault switch { "cut" => new(Cut, 20_000), "damage" => new(Damage, 5000), "status" => new(Status, 503, 1), _ => new(Stall, 20_000) });

        var (end, account) = await FetchAsync(network);

        Assert.Equal(brings, end);
        await AssertTreeAsync();
        Assert.InRange(network.Exchanges.Where(e => e.Path.Contains("/blobs/", StringComparison.Ordinal)).Sum(e => e.BodySent), _delta.Content.Length, _delta.Content.Length + again);
        Assert.Equal(network.Sent, account.Sum(b => b.Received));
    }

    [Fact]
    public async Task A_delta_that_is_cut_short_on_the_server_gives_way_to_the_registry()
    {
        byte[] cut = _delta.Content[..^5000];
        _release.Registry.AddBlob(cut);
        Offer(_delta with { Content = cut }, _delta.Content.Length);

        await AssertImageAsync();
    }

    [Fact]
    public async Task A_delta_with_a_damaged_frame_on_the_server_gives_way_to_the_registry()
    {
        byte[] damaged = [.. _delta.Content];
        damaged[^1] ^= 1;
        _release.Registry.AddBlob(damaged);
        Offer(_delta with { Content = damaged }, damaged.Length);

        await AssertImageAsync();
    }

    [Fact]
    public async Task A_running_file_that_was_changed_gives_way_to_the_registry()
    {
        await NoteRunningTreeAsync();
        await using (var file = File.OpenWrite(_scratch.Of("device/running/usr/large")))
        {
            file.Position = 11 << 20;
            file.Write([1, 2, 3, 4, 5, 6, 7, 8]);
        }

        await AssertImageAsync();
    }

    [Fact]
    public async Task A_running_tree_with_a_file_more_gives_way_to_the_registry()
    {
        await NoteRunningTreeAsync();
        await File.WriteAllTextAsync(_scratch.Of("device/running/aaa"), "somebody was here");

        await AssertImageAsync();
    }

    [Fact]
    public async Task A_delta_to_another_tree_is_not_begun()
    {
        var header = _delta.Header with { To = _delta.Header.From };
        byte[] other = [.. header.Write(), .. _delta.Content.AsSpan((int)header.HeaderBytes)];
        _release.Registry.AddBlob(other);
        Offer(_delta with { Content = other }, other.Length);

        await AssertImageAsync();
    }

    [Fact]
    public async Task A_delta_that_is_being_made_is_waited_for()
    {
        int asked = 0;
        var ready = _delta.Answer;
        _release.Registry.Deltas = _ => ++asked < 4 ? (202, "") : ready;
        await using var network = new BadNetwork(_release.Registry.Base);

        var (end, _) = await FetchAsync(network);

        Assert.Equal(("delta", 4), (end, asked));
        await AssertTreeAsync();
    }

    [Theory]
    [InlineData(202, "", 61)]
    [InlineData(404, """{"code":"no-delta","title":"cannot offer a delta: it would be as large as the image","detail":"the device takes the full image"}""", 1)]
    [InlineData(403, "", 1)]
    [InlineData(200, "<html>Welcome</html>", 1)]
    [InlineData(200, """{"digest":"sha256:12","bytes":1}""", 1)]
    public async Task An_answer_that_is_no_delta_gives_way_to_the_registry(int status, string document, int mostSeconds)
    {
        _release.Registry.Deltas = _ => (status, document);
        await using var network = new BadNetwork(_release.Registry.Base);
        using var fetch = new SlotFetch(Device) { Deltas = network.Address, Policy = new UpdatePolicy { DeltaWaitSeconds = 60 } };

        Assert.Equal("registry", await fetch.RunAsync(_release.Manifest, [("registry", network.Address)], default));

        Assert.InRange(fetch.Clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(mostSeconds));
        await AssertTreeAsync();
    }

    [Fact]
    public async Task A_budget_ends_before_the_frame_that_would_exceed_it_and_the_next_attempt_goes_on_there()
    {
        await using var network = new BadNetwork(_release.Registry.Base);
        const long budget = 1_600_000;
        using (var limited = new SlotFetch(Device) { Deltas = network.Address, Policy = new UpdatePolicy { ByteBudget = budget } })
        {
            var error = await Assert.ThrowsAsync<HostupException>(() => limited.RunAsync(_release.Manifest, [("registry", network.Address)], default));
            Assert.Equal(HostupErrors.ByteBudget, error.Code);
        }
        Assert.InRange(network.Sent, budget / 4, budget);
        Assert.NotNull(SpareProgress.Load(new Hostup.Linux.Files.LinuxFiles(_scratch.Of("device/device")))?.Place.Delta);

        var (end, _) = await FetchAsync(network);

        Assert.Equal("delta", end);
        await AssertTreeAsync();
        Assert.InRange(network.Exchanges.Where(e => e.Path.Contains("/blobs/", StringComparison.Ordinal)).Sum(e => e.BodySent), _delta.Content.Length, _delta.Content.Length + _delta.LargestFrame + HeadBytes);
    }

    private void Offer(NetworkDelta delta, long bytes) =>
        _release.Registry.Deltas = _ => (200, System.Text.Json.JsonSerializer.Serialize(delta.Offer with { Bytes = bytes }, WireJson.Default.DeltaOffer));

    /// <summary>As it was when somebody computed it.</summary>
    private async Task NoteRunningTreeAsync()
    {
        string note = _scratch.Of("device/device" + Updates.Files.Places.RunningTree);
        Directory.CreateDirectory(Path.GetDirectoryName(note)!);
        await File.WriteAllTextAsync(note, $"{Guid.Empty} {_delta.Header.From}");
    }

    private async Task<(string End, IReadOnlyList<CauseBytes> Account)> FetchAsync(BadNetwork network)
    {
        var limit = TimeSpan.FromSeconds(2);
        using var fetch = new SlotFetch(Device) { Deltas = network.Address, Limits = new(limit, limit) };
        return (await fetch.RunAsync(_release.Manifest, [("registry", network.Address)], default), fetch.Account);
    }

    /// <summary>The whole image is fetched, and what the delta cost is told as fetched in vain.</summary>
    private async Task AssertImageAsync()
    {
        await using var network = new BadNetwork(_release.Registry.Base);

        var (end, account) = await FetchAsync(network);

        Assert.Equal("registry", end);
        await AssertTreeAsync();
        Assert.Equal((network.Sent, network.Received), (account.Sum(b => b.Received), account.Sum(b => b.Sent)));
        Assert.InRange(account.Single(b => b.Cause == "registry").Received, _release.Size, _release.Size + (100 << 10));
    }

    private async Task AssertTreeAsync()
    {
        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(Device, "tree"), null, default));
        Assert.False(File.Exists(Path.Combine(Device, "tree", Delta.Applying.DeltaPlace.TemporaryName)));
    }

    private async Task<int> KillAfterAsync(long bytes, BadNetwork network)
    {
        string address = network.Address.ToString();
        var (exit, errors) = await FetchProcess.RunAsync(bytes, network, Device, _scratch.Of("manifest.json"), address, "--deltas", address);
        Assert.True(exit is 0 or FetchProcess.Killed, $"{exit}: {errors}");
        return exit;
    }
}
