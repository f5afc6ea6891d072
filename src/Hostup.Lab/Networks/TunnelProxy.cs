using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Hostup.Lab.Networks;

/// <summary>
/// An HTTP proxy with the servers that it leads to: a tunnel to HOST:443 (CONNECT) ends here in TLS with the certificate for that name, and what is inside goes to a
/// server on this machine. Nobody else can resolve those names. Counts every byte between it and who asks, below TLS.
/// </summary>
public sealed class TunnelProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyDictionary<string, (X509Certificate2 Certificate, Uri Server)> _hosts;
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Task _accepting;
    private long _received;
    private long _sent;
    private int _tunnels;

    /// <param name="hosts">Servers by the name that is asked for.</param>
    public TunnelProxy(IReadOnlyDictionary<string, (X509Certificate2 Certificate, Uri Server)> hosts)
    {
        _hosts = hosts;
        _listener.Start();
        Address = $"http://{_listener.LocalEndpoint}";
        _accepting = AcceptAsync();
    }

    /// <summary>Value of <c>httpProxy</c>.</summary>
    public string Address { get; }

    /// <summary>Bytes that came from who asks.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Bytes that went there.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Tunnels made.</summary>
    public int Tunnels => Volatile.Read(ref _tunnels);

    /// <summary>Bytes of all tunnels, towards who asks, after which one breaks, once; null: none does.</summary>
    public long? BreaksAfter { get; set; }

    /// <summary>Waits until every tunnel so far has ended: who asks has closed them, and everything is counted.</summary>
    public Task EndedAsync() => Task.WhenAll(_serving);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _accepting;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _serving.Add(ServeAsync(await _listener.AcceptSocketAsync(_stop.Token)));
        }
        catch (OperationCanceledException)
        {
            await EndedAsync();
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var client = new Counted(this, socket);
        try
        {
            string[] words = (await HeadAsync(client)).Split(' ');
            if (words is not ["CONNECT", var target, ..] || !_hosts.TryGetValue(target.Split(':')[0], out var host))
            {
                await client.WriteAsync("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), _stop.Token);
                return;
            }
            await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), _stop.Token);
            Interlocked.Increment(ref _tunnels);
            await using var secure = new SslStream(client);
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = host.Certificate }, _stop.Token);
            using var server = new TcpClient();
            await server.ConnectAsync(host.Server.Host, host.Server.Port, _stop.Token);
            await using var inner = server.GetStream();
            using var ends = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var there = secure.CopyToAsync(inner, ends.Token);
            await Task.WhenAny(there, inner.CopyToAsync(secure, ends.Token));
            await ends.CancelAsync();
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or OperationCanceledException or ObjectDisposedException)
        {
            // One side went away, or did not like the certificate.
        }
    }

    private async Task<string> HeadAsync(Stream client)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.ReadAsync(one, _stop.Token) == 1)
            head.Append((char)one[0]);
        return head.ToString();
    }

    /// <summary>The side of who asks. What is counted has been taken: it is given in small pieces with a small buffer behind them.</summary>
    private sealed class Counted : NetworkStream
    {
        private readonly TunnelProxy _proxy;

        public Counted(TunnelProxy proxy, Socket socket)
            : base(socket, ownsSocket: true)
        {
            _proxy = proxy;
            socket.NoDelay = true;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            Interlocked.Add(ref _proxy._received, read);
            return read;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            long sent = Interlocked.Add(ref _proxy._sent, buffer.Length);
            await base.WriteAsync(buffer, cancellationToken);
            if (sent < _proxy.BreaksAfter || _proxy.BreaksAfter is null)
                return;
            _proxy.BreaksAfter = null;
            Socket.Shutdown(SocketShutdown.Send);
            throw new IOException("the tunnel breaks here");
        }
    }
}
