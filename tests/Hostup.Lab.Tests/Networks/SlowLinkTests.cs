using System.Net;
using System.Net.Sockets;
using Hostup.Lab.Networks;

namespace Hostup.Lab.Tests.Networks;

public sealed class SlowLinkTests
{
    private static readonly TimeSpan RoundTrip = TimeSpan.FromMilliseconds(80);

    [Fact]
    public async Task A_slow_link_passes_everything_at_its_speed_and_delay_and_counts_it()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var link = new SlowLink(((IPEndPoint)server.LocalEndpoint).Port, 100_000, RoundTrip);
        using var device = new TcpClient();
        await device.ConnectAsync(IPAddress.Loopback, link.Port);
        using var peer = await server.AcceptTcpClientAsync();
        byte[] content = new byte[20_000];
        new Random(3).NextBytes(content);

        long asked = TimeProvider.System.GetTimestamp();
        await device.GetStream().WriteAsync(new byte[] { 1 });
        await peer.GetStream().ReadExactlyAsync(new byte[1]);
        await peer.GetStream().WriteAsync(content);
        byte[] first = await ReadAsync(device, 1);
        var answered = TimeProvider.System.GetElapsedTime(asked);
        byte[] rest = await ReadAsync(device, content.Length - 1);
        var whole = TimeProvider.System.GetElapsedTime(asked);

        Assert.True(answered >= RoundTrip, $"{answered}");
        Assert.True(whole >= RoundTrip + TimeSpan.FromSeconds(0.19), $"{whole}");
        Assert.Equal(content, first.Concat(rest));
        Assert.Equal((20_000, 1), (link.Sent, link.Received));
    }

    [Fact]
    public async Task A_server_that_closes_is_seen_to_close_at_the_other_end()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await using var link = new SlowLink(((IPEndPoint)server.LocalEndpoint).Port, 100_000, RoundTrip);
        using var device = new TcpClient();
        await device.ConnectAsync(IPAddress.Loopback, link.Port);
        using (var peer = await server.AcceptTcpClientAsync())
            await peer.GetStream().WriteAsync("goodbye"u8.ToArray());

        Assert.Equal("goodbye"u8.ToArray(), await ReadAsync(device, 7));
        Assert.Equal(0, await device.GetStream().ReadAsync(new byte[1]));
    }

    private static async Task<byte[]> ReadAsync(TcpClient from, int bytes)
    {
        byte[] read = new byte[bytes];
        await from.GetStream().ReadExactlyAsync(read);
        return read;
    }
}
