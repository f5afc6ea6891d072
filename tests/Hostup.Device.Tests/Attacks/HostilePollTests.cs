using Hostup.Core.Errors;
using Hostup.Device.Agent;
using Hostup.Linux.Network;

namespace Hostup.Device.Tests.Attacks;

/// <summary>Answers to a poll that no server of ours gives.</summary>
public sealed class HostilePollTests
{
    private const string Good = "\"attemptId\":\"0123456789abcdef0123456789abcdef\",\"version\":\"1\",\"releaseEnvelope\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"";

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("<html>")]
    [InlineData("{\"intervalSeconds\":\"x\"}")]
    [InlineData("{\"intervalSeconds\":1e99}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{}}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{\"attemptId\":null,\"version\":\"1\",\"releaseEnvelope\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{\"attemptId\":\"../../etc/passwd\",\"version\":\"1\",\"releaseEnvelope\":\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"}}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{\"attemptId\":\"0123456789abcdef0123456789abcdef\",\"version\":\"1\",\"releaseEnvelope\":\"../../etc/passwd\"}}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{" + Good + ",\"fallbackRegistries\":[null]}}")]
    [InlineData("{\"intervalSeconds\":5,\"target\":{" + Good + ",\"updater\":{\"version\":null}}}")]
    public async Task What_no_server_answers_is_an_error_of_the_link(string json)
    {
        await using var server = new Impostor();
        server.Files["device/v1/poll"] = OsBuilder.Text(json);
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, server.Base, Victim.Key);

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => link.PollAsync(default))).Code);
    }

    [Theory]
    [InlineData(-5, 1)]
    [InlineData(int.MaxValue, 86_400)]
    public async Task An_interval_is_kept_within_bounds(int said, int taken)
    {
        await using var server = new Impostor { Poll = new(said, null) };
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, server.Base, Victim.Key);

        Assert.Equal(taken, (await link.PollAsync(default)).IntervalSeconds);
    }

    [Fact]
    public async Task A_poll_without_an_end_is_an_error_of_the_link()
    {
        await using var server = new Impostor();
        server.Endless["device/v1/poll"] = true;
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, server.Base, Victim.Key);

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => link.PollAsync(default))).Code);
    }
}
