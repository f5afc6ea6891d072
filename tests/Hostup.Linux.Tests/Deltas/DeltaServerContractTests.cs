using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Registries;
using Hostup.Lab.Sim;
using Hostup.Linux.Deltas;
using Hostup.Linux.Sources;

namespace Hostup.Linux.Tests.Deltas;

/// <summary>What who asks for deltas relies on, of a server on a socket and of the simulated one.</summary>
public sealed class DeltaServerContractTests : IAsyncLifetime
{
    private readonly ScriptedRegistry _registry = new();
    private readonly SourceLink _link = new(new UpdatePolicy(), TimeProvider.System);
    private SimDelta _delta = null!;

    public async ValueTask InitializeAsync()
    {
        _delta = await SimDelta.BuildAsync(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));
        _registry.AddBlob(_delta.Content);
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        await _registry.DisposeAsync();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task It_offers_the_delta_between_two_trees_and_gives_any_part_of_it(bool real)
    {
        var server = Server(real, _ => (200, JsonSerializer.Serialize(_delta.Offer, WireJson.Default.DeltaOffer)));

        var offer = await server.AskAsync(_delta.Image, _delta.From, default);
        byte[] part = new byte[100];
        await using (var stream = await server.OpenPartAsync(offer, 50, part.Length, default))
            await stream.ReadExactlyAsync(part);

        Assert.Equal(_delta.Offer, offer);
        Assert.Equal(_delta.Content[50..150], part);
        Assert.True(server.Carried.Received >= 100, $"{server.Carried} carried");
        Assert.Equal((0L, 0L), server.InVain);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Trees_that_it_does_not_know_are_not_found_and_it_says_why(bool real)
    {
        var server = Server(real, _ => (404, """{"code":"no-delta","title":"no such trees","detail":"the device takes the full image"}"""));

        var error = await Assert.ThrowsAsync<HostupException>(async () => await server.AskAsync(_delta.Image, Digest.Of("other"u8), default));

        Assert.Equal(HostupErrors.NoDelta, error.Code);
        Assert.StartsWith("no such trees", error.Why, StringComparison.Ordinal);
        Assert.Null(error.RetryAfter);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task One_that_is_being_made_is_to_be_asked_for_again_and_it_says_when(bool real)
    {
        var server = Server(real, _ => (202, ""));
        if (server is SimDeltaServer sim)
            sim.ReadyAt = TimeSpan.FromHours(1);

        var error = await Assert.ThrowsAsync<HostupException>(async () => await server.AskAsync(_delta.Image, _delta.From, default));

        Assert.Equal(HostupErrors.ServerBusy, error.Code);
        Assert.Equal(TimeSpan.FromSeconds(30), error.RetryAfter);
    }

    /// <summary>What a portal shows goes away with the network that shows it.</summary>
    [Fact]
    public async Task A_web_page_in_the_place_of_an_answer_is_a_broken_link_and_in_vain()
    {
        _registry.DeltasType = "text/html; charset=utf-8";
        var server = Server(real: true, _ => (200, "<html>Welcome</html>"));

        var error = await Assert.ThrowsAsync<HostupException>(async () => await server.AskAsync(_delta.Image, _delta.From, default));

        Assert.Equal(HostupErrors.Link, error.Code);
        Assert.EndsWith("answered with a web page", error.Why, StringComparison.Ordinal);
        Assert.True(server.InVain.Received > 0 && server.InVain.Sent > 0, $"{server.InVain} in vain");
    }

    [Theory]
    [InlineData(16L << 10, 0)]
    [InlineData((16L << 10) + 1, 1)]
    public async Task A_budget_without_room_for_the_question_leaves_it_to_the_next_source(long left, int requests)
    {
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System) { BytesLeft = () => left };
        _registry.Deltas = _ => (404, "");
        var server = new ServerDeltas(link, _registry.Base, new("d_1", "key"));

        var error = await Assert.ThrowsAsync<HostupException>(async () => await server.AskAsync(_delta.Image, _delta.From, default));

        Assert.Equal(HostupErrors.NoDelta, error.Code);
        Assert.Equal(requests, _registry.Requests.Count);
    }

    [Fact]
    public async Task The_device_says_who_it_is_and_what_it_runs()
    {
        string asked = "";
        var server = Server(real: true, path =>
        {
            asked = path;
            return (404, "");
        });

        await Assert.ThrowsAsync<HostupException>(async () => await server.AskAsync(_delta.Image, _delta.From, default));

        Assert.Equal($"/device/v1/deltas/{_delta.Image}?from={_delta.From}", asked);
        Assert.EndsWith(" Bearer", Assert.Single(_registry.Requests), StringComparison.Ordinal);
    }

    private IDeltaServer Server(bool real, Func<string, (int Status, string Document)> answer)
    {
        _registry.Deltas = answer;
        return real ? new ServerDeltas(_link, _registry.Base, new("d_1", "key")) : new SimDeltaServer(_delta);
    }
}
