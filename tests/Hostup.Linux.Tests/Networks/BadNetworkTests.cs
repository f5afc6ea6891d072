using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Networks;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci.Registries;
using Hostup.Updates.Account;
using Hostup.Updates.Ports;
using static Hostup.Lab.Networks.NetworkFaultKind;

namespace Hostup.Linux.Tests.Networks;

/// <summary>The step that brings an image to the spare slot, over real sockets through a network that breaks.</summary>
[Trait("Needs", "root")]
public sealed class BadNetworkTests(BadNetworkTests.Release release) : IClassFixture<BadNetworkTests.Release>
{
    /// <summary>What happens, with which end, in which state; the account must be the network's own count.</summary>
    /// <param name="Faults">What happens to the first exchanges about blobs.</param>
    /// <param name="End">The source that brings the image, or the error code.</param>
    private sealed record Case(NetworkFault[] Faults, string End)
    {
        /// <summary>What happens to all later exchanges with the first registry.</summary>
        public NetworkFault Rest { get; init; } = new(None);

        /// <summary>What happens to all exchanges with the fallback registry; null: there is none.</summary>
        public NetworkFault? Fallback { get; init; }

        /// <summary>Another address for the first registry.</summary>
        public string? Address { get; init; }

        /// <summary>The device hangs up while the network still sends: what was in flight then is counted by one side only.</summary>
        public bool HangsUp { get; init; }

        /// <summary>Bytes of the image that may be received beyond its size.</summary>
        public long Again { get; init; }

        /// <summary>How long the device waits: where nothing stalls, longer than a busy machine may take.</summary>
        public TimeSpan Patience => TimeSpan.FromSeconds(Address == "https" ? 1 : Faults.Append(Rest).Any(f => f.Kind is Stall or Silence || f.Pause > TimeSpan.Zero) ? 2 : 20);

        /// <summary>What the faults happen to. Only of a release that does not name its layers documents are fetched.</summary>
        public string About { get; init; } = "/blobs/";

        /// <summary>Whether it pauses before it goes on.</summary>
        public bool Waits { get; init; }
    }

    /// <summary>Between two drops: 500 bytes a second.</summary>
    private static readonly TimeSpan Drop = TimeSpan.FromMilliseconds(100);

    /// <summary>What the network's kernel may hold of an answer that the device hangs up on: twice its send buffer, and the piece that waits for it.</summary>
    private const long InFlight = 48 << 10;

    private const string Manifests = "/manifests/";

    private static readonly Dictionary<string, Case> Cases = new()
    {
        ["a good network"] = new([], "registry"),
        ["cut before the body"] = new([new(Cut, 0)], "registry") { Waits = true },
        ["cut after one byte"] = new([new(Cut, 1)], "registry") { Waits = true },
        ["cut after 1,000 bytes"] = new([new(Cut, 1_000)], "registry") { Waits = true },
        ["cut in the first member"] = new([new(Cut, 300_000)], "registry") { Waits = true },
        ["cut in the second member"] = new([new(Cut, 700_000)], "registry") { Waits = true },
        ["cut five times"] = new([new(Cut, 100_000), new(Cut, 100_000), new(Cut, 400_000), new(Cut, 9), new(Cut, 200_000)], "registry") { Waits = true },
        ["cut again and again"] = new([], "registry") { Rest = new(Cut, 250_000), Waits = true, Again = 2 << 20 },
        ["reset before the body"] = new([new(Reset, 0)], "registry") { Waits = true },
        ["reset after 1,000 bytes"] = new([new(Reset, 1_000)], "registry") { Waits = true },
        ["reset in the second member"] = new([new(Reset, 700_000)], "registry") { Waits = true },
        ["stalled before the body"] = new([new(Stall, 0)], "registry") { Waits = true },
        ["stalled after 1,000 bytes"] = new([new(Stall, 1_000)], "registry") { Waits = true },
        ["stalled in the second member"] = new([new(Stall, 700_000)], "registry") { Waits = true },
        ["a drip of 500 bytes"] = new([new(Drip, 500)], "registry"),
        ["a drip of 7,000 bytes"] = new([new(Drip, 7_000)], "registry"),
        ["a drip that is too slow for a while"] = new([new(Drip, 50) { Pause = Drop }], "registry") { Waits = true, HangsUp = true },
        ["a drip that is too slow, and a fallback"] = new([], "fallback") { Rest = new(Drip, 50) { Pause = Drop }, Fallback = new(None), Waits = true, HangsUp = true },
        ["closed before the answer"] = new([new(CloseAtOnce)], "registry"),
        ["reset before the answer"] = new([new(ResetAtOnce)], "registry") { Waits = true },
        ["no answer"] = new([new(Silence)], "registry") { Waits = true },
        ["half a head"] = new([new(HalfAHead)], "registry") { Waits = true },
        ["no HTTP"] = new([new(Garbage)], "registry") { Waits = true },
        ["429"] = new([new(Status, 429)], "registry") { Waits = true },
        ["429 with Retry-After"] = new([new(Status, 429, 5)], "registry") { Waits = true },
        ["500"] = new([new(Status, 500)], "registry") { Waits = true },
        ["500 with Retry-After"] = new([new(Status, 500, 5)], "registry") { Waits = true },
        ["502 three times"] = new([new(Status, 502), new(Status, 502), new(Status, 502)], "registry") { Waits = true },
        ["503"] = new([new(Status, 503)], "registry") { Waits = true },
        ["503 with a long Retry-After"] = new([new(Status, 503, 3600)], "registry") { Waits = true },
        ["503 with a long Retry-After and a fallback"] = new([new(Status, 503, 3600)], "fallback") { Fallback = new(None) },
        ["503 for ever"] = new([], "server-busy") { Rest = new(Status, 503), Waits = true },
        ["503 for ever and a fallback"] = new([], "fallback") { Rest = new(Status, 503), Fallback = new(None), Waits = true },
        ["404 then 200"] = new([new(Status, 404)], "registry") { Waits = true },
        ["404 for ever"] = new([], "not-found") { Rest = new(Status, 404), Waits = true },
        ["404 and a fallback"] = new([new(Status, 404)], "fallback") { Fallback = new(None) },
        ["401 then 200"] = new([new(Status, 401)], "registry") { Waits = true },
        ["403 for ever"] = new([], "unauthorized") { Rest = new(Status, 403), Waits = true },
        ["400 for ever"] = new([], "registry-answer") { Rest = new(Status, 400), Waits = true },
        ["a redirect loop that ends"] = new([.. Enumerable.Repeat(new NetworkFault(RedirectLoop), 6)], "registry") { Waits = true },
        ["a redirect loop and a fallback"] = new([], "fallback") { Rest = new(RedirectLoop), Fallback = new(None), Waits = true },
        ["more announced than comes"] = new([new(WrongLength, 100)], "registry"),
        ["less announced than there is"] = new([new(WrongLength, -100)], "registry") { Waits = true, Again = 512 << 10 },
        ["a range that was not asked for"] = new([new(Cut, 300_000), new(WrongRange, 1)], "registry") { Waits = true },
        ["a range that is not heeded"] = new([new(Cut, 300_000), new(RangeUnheeded)], "registry") { Waits = true, Again = 300_000 },
        ["a body changed between two ranges"] = new([new(Cut, 300_000), new(Damage, 10)], "registry") { Waits = true, HangsUp = true, Again = 2 << 20 },
        ["a damaged end"] = new([new(Damage, int.MaxValue)], "digest-mismatch"),
        ["a damaged end and a fallback"] = new([new(Damage, int.MaxValue)], "fallback") { Fallback = new(None), Again = 1 << 20 },
        ["damage at the beginning and a fallback"] = new([new(Damage, 5)], "fallback") { Fallback = new(None), HangsUp = true, Again = 2 << 20 },
        ["a portal that goes away"] = new([new(Portal)], "registry") { Waits = true },
        ["a redirect to a portal"] = new([new(RedirectToPortal)], "registry") { Waits = true },
        ["a portal for ever"] = new([], "link") { Rest = new(Portal), Waits = true },
        ["a portal in the place of the manifest that goes away"] = new([new(Portal)], "registry") { About = Manifests, Waits = true, Again = 10_000 },
        ["a portal in the place of the manifest for ever"] = new([], "link") { About = Manifests, Rest = new(Portal), Waits = true },
        ["a portal in the place of the manifest and a fallback"] = new([], "fallback") { About = Manifests, Rest = new(Portal), Fallback = new(None), Waits = true, Again = 10_000 },
        ["a damaged manifest and a fallback"] = new([], "fallback") { About = Manifests, Rest = new(Damage, 5), Fallback = new(None), Again = 10_000 },
        ["a registry that goes for good and a fallback"] = new([new(Cut, 700_000)], "fallback") { Rest = new(ResetAtOnce), Fallback = new(None), Waits = true },
        ["both gone"] = new([new(Cut, 700_000)], "all-sources") { Rest = new(ResetAtOnce), Fallback = new(CloseAtOnce), Waits = true },
        ["a name that is not known"] = new([], "link") { Address = "http://nowhere.example/", Waits = true },
        ["a name that is not known and a fallback"] = new([], "fallback") { Address = "http://nowhere.example/", Fallback = new(None), Waits = true },
        ["TLS that fails"] = new([], "link") { Address = "https", Waits = true },
        ["TLS that fails and a fallback"] = new([], "fallback") { Address = "https", Fallback = new(None), Waits = true },
        ["nobody there and a fallback"] = new([], "fallback") { Address = "http://127.0.0.1:1/", Fallback = new(None), Waits = true },
    };

    public static TheoryData<string> Names() => [.. Cases.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task It_ends_as_it_should_and_every_byte_is_accounted_for(string name)
    {
        Run.NeedsRoot();
        var what = Cases[name];
        using var scratch = new TemporaryDirectory();
        await using var first = new BadNetwork(release.Made.Registry.Base) { Rest = what.Rest, About = what.About };
        await using var second = new BadNetwork(release.Made.Registry.Base) { Rest = what.Fallback ?? new(None) };
        foreach (var fault in what.Faults)
            first.Faults.Enqueue(fault);
        using var fetch = new SlotFetch(scratch.Sub("device")) { Limits = new RegistryLimits(what.Patience, what.Patience), Policy = new UpdatePolicy { PatienceSeconds = 7200 } };
        var address = what.Address is null ? first.Address : what.Address == "https" ? new Uri($"https://127.0.0.1:{first.Address.Port}/") : new Uri(what.Address);

        string end = await EndAsync(fetch, named: what.About != Manifests, what.Fallback is null ? [("registry", address)] : [("registry", address), ("fallback", second.Address)]);

        await ArrivedAsync(fetch.Sources[0], first);
        if (what.Fallback is not null)
            await ArrivedAsync(fetch.Sources[1], second);

        Assert.Equal(what.End, end);
        Assert.Equal(what.Waits, fetch.States.Contains(AttemptStates.Waiting));
        if (end is "registry" or "fallback")
            Assert.Equal(release.Made.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        AssertAccount(fetch, 0, first, what.HangsUp);
        if (what.Fallback is not null)
            AssertAccount(fetch, 1, second, what.HangsUp);
        if (!what.HangsUp && NetworkWaste.Of(first, second) is { } waste)
            Assert.True(waste == new NetworkWaste(fetch.Sources.Sum(s => s.Retried.Received), fetch.Sources.Sum(s => s.Retried.Sent)), $"{waste} but {string.Join("; ", fetch.Sources.Select(s => s.Retried))}: {string.Join("; ", first.Exchanges.Select(e => $"{e.Path[^8..]} from {e.From}: {e.Sent} ({e.BodySent})"))}");
        // what is kept for the report is what the sockets counted, cause by cause
        Assert.Equal(AttemptAccount.Sum([.. fetch.Sources.Select(s => s.Bytes), .. fetch.Sources.Select(s => s.Retried)]), fetch.Account);
        long body = first.Exchanges.Concat(second.Exchanges).Where(e => e.Path.Contains("/blobs/sha256", StringComparison.Ordinal)).Sum(e => e.BodySent);
        Assert.True(end is not ("registry" or "fallback") || body <= release.Made.Size + what.Again + (what.HangsUp ? 1 << 20 : 0), $"{body} bytes of bodies for {release.Made.Size}");
    }

    [Fact]
    public async Task Requests_that_bring_nothing_are_accounted_for_as_retried_to_the_byte()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(release.Made.Registry.Base);
        network.Faults.Enqueue(new(Status, 503));
        network.Faults.Enqueue(new(Portal));
        using var fetch = new SlotFetch(scratch.Sub("device"));

        await fetch.RunAsync(release.Made.Manifest, [("registry", network.Address)], default);

        var inVain = network.Exchanges.Take(2).ToList();
        Assert.Equal((inVain.Sum(e => e.Sent), inVain.Sum(e => e.Received)), (fetch.Sources[0].Retried.Received, fetch.Sources[0].Retried.Sent));
        Assert.Equal(network.Sent - inVain.Sum(e => e.Sent), fetch.Sources[0].Bytes.Received);
    }

    [Fact]
    public async Task A_budget_ends_the_download_before_the_request_that_would_exceed_it_and_keeps_what_came()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(release.Made.Registry.Base);
        const long budget = 1_300_000;
        using (var fetch = new SlotFetch(scratch.Sub("device")) { Policy = new UpdatePolicy { ByteBudget = budget } })
            Assert.Equal("byte-budget", await EndAsync(fetch, [("registry", network.Address)]));
        Assert.InRange(network.Sent, budget / 2, budget);
        Assert.NotNull(Updates.Slots.SpareProgress.Load(new Hostup.Linux.Files.LinuxFiles(scratch.Of("device/device"))));
        long before = network.Exchanges.Sum(e => e.BodySent);

        using var rest = new SlotFetch(scratch.Of("device"));
        Assert.Equal("registry", await EndAsync(rest, [("registry", network.Address)]));

        Assert.True(network.Exchanges.Sum(e => e.BodySent) <= release.Made.Size + (1 << 20), $"{before} bytes first, {network.Exchanges.Sum(e => e.BodySent)} in all for {release.Made.Size}: {string.Join("; ", network.Exchanges.Select(e => $"{e.From} {e.BodySent}"))}");
    }

    [Fact]
    public async Task A_rate_is_kept()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(release.Made.Registry.Base);
        using var fetch = new SlotFetch(scratch.Sub("device")) { Policy = new UpdatePolicy { BytesPerSecond = 2_000_000 } };
        long began = TimeProvider.System.GetTimestamp();

        await fetch.RunAsync(release.Made.Manifest, [("registry", network.Address)], default);

        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        Assert.True(seconds >= release.Made.Size / 2_100_000.0, $"{release.Made.Size} bytes in {seconds:0.00} s");
    }

    [Fact]
    public async Task A_rate_is_kept_by_all_sources_together()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var first = new BadNetwork(release.Made.Registry.Base) { Rest = new(ResetAtOnce) };
        first.Faults.Enqueue(new(Cut, 1_000_000));
        await using var second = new BadNetwork(release.Made.Registry.Base);
        using var fetch = new SlotFetch(scratch.Sub("device")) { Policy = new UpdatePolicy { BytesPerSecond = 1_000_000 } };
        long began = TimeProvider.System.GetTimestamp();

        Assert.Equal("fallback", await fetch.RunAsync(release.Made.Manifest, [("registry", first.Address), ("fallback", second.Address)], default));

        double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        Assert.True(seconds >= (first.Sent + second.Sent) / 1_050_000.0, $"{first.Sent} and {second.Sent} bytes in {seconds:0.00} s");
    }

    [Fact]
    public async Task A_cancel_is_heard_while_a_part_is_awaited()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(release.Made.Registry.Base) { Rest = new(Stall, 700_000) };
        using var fetch = new SlotFetch(scratch.Sub("device"));
        network.Progress = sent => fetch.Wishes = sent >= 700_000 ? AttemptWishes.Cancel : AttemptWishes.None;
        long began = TimeProvider.System.GetTimestamp();

        Assert.Equal("cancelled", await EndAsync(fetch, [("registry", network.Address)]));

        // A stalled link is given up after a minute.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(30));
        Assert.Single(network.Exchanges);
    }

    /// <summary>A part has up to 512 KiB: more than an hour at 100 bytes a second, which a policy may ask for, and who reports nothing for 40 minutes is ended.</summary>
    [Fact]
    public async Task A_part_that_is_awaited_is_told_all_the_time()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(release.Made.Registry.Base) { Rest = new(Stall, 700_000) };
        using var fetch = new SlotFetch(scratch.Sub("device"));
        bool stands = false;
        int told = 0;
        network.Progress = sent => stands |= sent >= 700_000;
        fetch.Reported = state => fetch.Wishes = stands && state == AttemptStates.Downloading && ++told == 5 ? AttemptWishes.Cancel : fetch.Wishes;

        Assert.Equal("cancelled", await EndAsync(fetch, [("registry", network.Address)]));

        Assert.Single(network.Exchanges); // the link was not given up before
    }

    [Fact]
    public async Task A_layer_that_is_not_framed_begins_anew_and_comes_out_right()
    {
        Run.NeedsRoot();
        await using var plain = await NetworkRelease.MakeAsync(2 << 20, framed: false);
        using var scratch = new TemporaryDirectory();
        await using var network = new BadNetwork(plain.Registry.Base);
        network.Faults.Enqueue(new(Cut, 1_500_000));
        using var fetch = new SlotFetch(scratch.Sub("device"));

        await fetch.RunAsync(plain.Manifest, [("registry", network.Address)], default);

        Assert.Equal(plain.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        Assert.Equal(plain.Manifest.Image.Layers.Sum(l => l.Size), plain.Manifest.Image.BytesBegunAnew);
        Assert.Equal(0, network.Exchanges.ElementAt(1).From);
        Assert.Equal(network.Exchanges.ElementAt(0).Sent, fetch.Sources[0].Retried.Received);
        Assert.Equal(network.Exchanges.Skip(1).Sum(e => e.Sent), fetch.Sources[0].Bytes.Received);
    }

    [Fact]
    public async Task A_link_that_breaks_in_each_try_of_a_layer_that_is_not_framed_lets_the_fallback_have_its_turn()
    {
        Run.NeedsRoot();
        await using var plain = await NetworkRelease.MakeAsync(2 << 20, framed: false);
        using var scratch = new TemporaryDirectory();
        await using var first = new BadNetwork(plain.Registry.Base) { Rest = new(Cut, 1_500_000) };
        await using var second = new BadNetwork(plain.Registry.Base);
        using var fetch = new SlotFetch(scratch.Sub("device"));

        string end = await fetch.RunAsync(plain.Manifest, [("registry", first.Address), ("fallback", second.Address)], default);

        Assert.Equal("fallback", end);
        Assert.Equal(4, first.Exchanges.Count);
        Assert.Equal(first.Sent, fetch.Sources[0].Retried.Received);
        Assert.Equal(plain.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
    }

    private Task<string> EndAsync(SlotFetch fetch, IReadOnlyList<(string, Uri)> registries) => EndAsync(fetch, named: true, registries);

    private async Task<string> EndAsync(SlotFetch fetch, bool named, IReadOnlyList<(string, Uri)> registries)
    {
        var manifest = release.Made.Manifest;
        try
        {
            return await fetch.RunAsync(named ? manifest : manifest with { Image = manifest.Image with { Layers = [] } }, registries, default);
        }
        catch (HostupException e)
        {
            return e.Code.Id;
        }
    }

    /// <summary>What a device sent last arrives in its own time; a busy machine takes seconds for it.</summary>
    private static async Task ArrivedAsync(IHostAppSource source, BadNetwork network)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (network.Received != source.Bytes.Sent + source.Retried.Sent && !limit.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(10), CancellationToken.None);
    }

    private static void AssertAccount(SlotFetch fetch, int source, BadNetwork network, bool hangsUp)
    {
        var (bytes, retried) = (fetch.Sources[source].Bytes, fetch.Sources[source].Retried);
        Assert.Equal(network.Received, bytes.Sent + retried.Sent);
        if (hangsUp)
        {
            Assert.InRange(network.Sent - bytes.Received - retried.Received, 0, InFlight);
            return;
        }
        Assert.True(network.Sent == bytes.Received + retried.Received, $"{network.Sent} bytes sent, {bytes.Received} and {retried.Received} accounted for: {string.Join("; ", network.Exchanges.Select(e => $"{e.Path[^8..]} from {e.From}: {e.Sent} ({e.BodySent})"))}");
    }

    public sealed class Release : IAsyncLifetime
    {
        internal NetworkRelease Made { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Made = await NetworkRelease.MakeAsync(2 << 20);

        public ValueTask DisposeAsync() => Made.DisposeAsync();
    }
}
