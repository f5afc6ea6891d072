using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Linux.Network;

namespace Hostup.Device.Tests.Agent;

/// <summary>When the agent keeps its connection between polls, on a real socket.</summary>
public sealed class LostConnectionTests : IAsyncLifetime
{
    private readonly Impostor _server = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private ServerLink _link = null!;

    public ValueTask InitializeAsync()
    {
        _link = new ServerLink(_connections, _server.Base, Victim.Key);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        _connections.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Polls_each_quarter_of_an_hour_use_one_connection()
    {
        await PollAsync(6);

        Assert.Equal(1, _link.Wire.Connections);
    }

    [Fact]
    public async Task Polls_each_two_hours_have_a_connection_each()
    {
        _server.Poll = new PollAnswer(7200, null);

        await PollAsync(4);

        // only with the first answer it is known how seldom it polls
        Assert.Equal(3, _link.Wire.Connections);
    }

    [Fact]
    public async Task Where_connections_are_lost_again_and_again_they_are_not_kept()
    {
        _server.ClosesEach = true;
        await PollAsync(5);
        Assert.Equal(5, _link.Wire.Connections);

        _server.ClosesEach = false;
        await PollAsync(2);

        Assert.Equal(7, _link.Wire.Connections);
    }

    private async Task PollAsync(int times)
    {
        for (int i = 0; i < times; i++)
            await _link.PollAsync(default);
    }
}
