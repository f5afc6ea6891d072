using Hostup.Core.Errors;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Networks;
using Hostup.Linux.Network;

namespace Hostup.Device.Tests.Agent;

/// <summary>An envelope on its way over a link that is slow or broken, on real sockets.</summary>
public sealed class EnvelopeTransferTests : IAsyncLifetime
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(2);
    private readonly Impostor _server = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly byte[] _envelope = new byte[4000];
    private BadNetwork _network = null!;
    private Digest _digest;

    public ValueTask InitializeAsync()
    {
        new Random(5).NextBytes(_envelope);
        _digest = _server.Envelope(_envelope);
        _network = new BadNetwork(_server.Base) { About = "/envelopes/" };
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _network.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task One_that_takes_longer_than_an_answer_may_arrives_as_long_as_something_comes()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Drip, 100) { Pause = TimeSpan.FromMilliseconds(75) });
        using var link = new ServerLink(_connections, _network.Address, Victim.Key) { AnswerWithin = Within };
        long began = TimeProvider.System.GetTimestamp();

        Assert.Equal(_envelope, await link.FetchEnvelopeAsync(_digest, default));

        Assert.True(TimeProvider.System.GetElapsedTime(began) > Within);
    }

    [Fact]
    public async Task A_link_that_says_nothing_more_is_broken()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Stall, 1000));
        using var link = new ServerLink(_connections, _network.Address, Victim.Key) { Silence = Within };

        var error = await Assert.ThrowsAsync<HostupException>(() => link.FetchEnvelopeAsync(_digest, default));

        Assert.Equal(HostupErrors.Link, error.Code);
        Assert.StartsWith("cannot fetch the envelope: 1000 bytes came, then nothing more for ", error.Message, StringComparison.Ordinal);
        Assert.Equal(_envelope, await link.FetchEnvelopeAsync(_digest, default));
    }

    [Fact]
    public async Task One_that_is_here_is_not_fetched_again_and_few_are_kept()
    {
        using var link = new ServerLink(_connections, _network.Address, Victim.Key);
        for (int i = 0; i < 3; i++)
            await link.FetchEnvelopeAsync(_digest, default);
        Assert.Single(_network.Exchanges);

        for (byte i = 0; i < EnvelopeShelf.Most; i++)
            await link.FetchEnvelopeAsync(_server.Envelope([i]), default);

        Assert.Null(link.Envelopes.Find(_digest));
        await link.FetchEnvelopeAsync(_digest, default);
        Assert.Equal(2 + EnvelopeShelf.Most, _network.Exchanges.Count);
    }

    [Fact]
    public void Large_ones_push_each_other_out()
    {
        var shelf = new EnvelopeShelf();
        byte[] first = new byte[EnvelopeShelf.MostBytes], second = [1];
        shelf.Keep(Digest.Of(first), first);
        Assert.Same(first, shelf.Find(Digest.Of(first)));

        shelf.Keep(Digest.Of(second), second);

        Assert.Null(shelf.Find(Digest.Of(first)));
        Assert.Same(second, shelf.Find(Digest.Of(second)));
    }

    [Theory]
    [InlineData(429, 7)]
    [InlineData(503, 3600)]
    public async Task A_server_that_is_busy_says_until_when(int status, int seconds)
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Status, status, seconds));
        using var link = new ServerLink(_connections, _network.Address, Victim.Key);

        var error = await Assert.ThrowsAsync<HostupException>(() => link.FetchEnvelopeAsync(_digest, default));

        Assert.Equal(HostupErrors.ServerBusy, error.Code);
        Assert.Equal(TimeSpan.FromSeconds(seconds), error.RetryAfter);
    }
}
