using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Hostup.Device.Tests.Agent;

/// <summary>The way from a device to its server, on real sockets, always at one address: passes bytes on, lets nobody through, or loses answers to requests that arrived.</summary>
internal sealed class UnsureWay : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Task _accepting;
    private int _writes;

    public UnsureWay()
    {
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    /// <summary>Where the device finds its server.</summary>
    public Uri Address { get; }

    /// <summary>Where the server is now; null: it cannot be reached.</summary>
    public Uri? To { get; set; }

    /// <summary>Number of the PUT, from now on, whose answer is lost together with its connection; zero: none.</summary>
    public int LosesAnswer
    {
        get;
        set
        {
            field = value;
            _writes = 0;
        }
    }

    /// <summary>Answers lost so far.</summary>
    public int Lost { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        await using var device = new NetworkStream(socket, ownsSocket: true);
        try
        {
            if (To is not { } to)
                return;
            using var other = new TcpClient();
            await other.ConnectAsync(to.Host, to.Port, over.Token);
            await using var server = other.GetStream();
            Task[] both = [PassUpAsync(device, server, over.Token), PassDownAsync(server, device, over.Token)];
            await Task.WhenAny(both);
            await over.CancelAsync();
            await Task.WhenAll(both);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
        {
            // One of the two went away, or the test is over.
        }
    }

    private async Task PassUpAsync(NetworkStream device, NetworkStream server, CancellationToken ct)
    {
        byte[] buffer = new byte[64 << 10];
        while (await device.ReadAsync(buffer, ct) is > 0 and var count && To is not null)
        {
            // a request's head begins a piece: the device waits for each answer
            if (buffer.AsSpan(0, count).StartsWith("PUT "u8))
                _writes++;
            await server.WriteAsync(buffer.AsMemory(0, count), ct);
        }
    }

    private async Task PassDownAsync(NetworkStream server, NetworkStream device, CancellationToken ct)
    {
        byte[] buffer = new byte[64 << 10];
        while (await server.ReadAsync(buffer, ct) is > 0 and var count && To is not null)
        {
            if (_writes > 0 && _writes == LosesAnswer)
            {
                Lost++;
                LosesAnswer = 0;
                return;
            }
            await device.WriteAsync(buffer.AsMemory(0, count), ct);
        }
    }
}
