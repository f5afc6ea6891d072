using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Hostup.Lab.Networks;

/// <summary>
/// A network between a device and a registry, on a real socket: passes HTTP/1.1 on, counts every byte, and does to exchanges what a script
/// says. A small send buffer keeps what is counted close to what was received.
/// </summary>
public sealed class BadNetwork : IAsyncDisposable
{
    private const int PieceBytes = 16 << 10;
    private const string Page = "<html><body>Welcome to the station. Please agree to our terms.</body></html>";
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly HttpClient _upstream = new(new SocketsHttpHandler { AllowAutoRedirect = false });
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _serving = [];
    private readonly Uri _to;

    private int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    private readonly Task _accepting;
    private long _received;
    private long _sent;

    /// <param name="to">The registry.</param>
    public BadNetwork(Uri to)
    {
        _to = to;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where the device finds the registry.</summary>
    public Uri Address => Certificate is null ? new($"http://127.0.0.1:{Port}/") : new UriBuilder("https", "localhost", Port).Uri;

    /// <summary>The certificate that it greets devices with; null: no TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Part of the paths that faults happen to.</summary>
    public string About { get; init; } = "/blobs/";

    /// <summary>What happens to the next exchanges about blobs, one each; then nothing.</summary>
    public ConcurrentQueue<NetworkFault> Faults { get; } = new();

    /// <summary>What happens to every exchange once the faults are used up.</summary>
    public NetworkFault Rest { get; set; } = new(NetworkFaultKind.None);

    /// <summary>Most bytes of bodies that pass a second; zero: as many as come.</summary>
    public long BytesPerSecond { get; set; }

    /// <summary>How long each answer takes on its way.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Exchanges so far.</summary>
    public ConcurrentQueue<NetworkExchange> Exchanges { get; } = new();

    /// <summary>Told after each piece of a body, with all body bytes so far.</summary>
    public Action<long>? Progress { get; set; }

    /// <summary>Bytes that devices sent, at the socket: also those that are no HTTP.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>Bytes that were sent to devices.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_serving);
        _upstream.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptSocketAsync(_stop.Token);
                _serving.Add(ServeAsync(socket));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        socket.SendBufferSize = PieceBytes;
        socket.NoDelay = true;
        using (socket)
        await using (var wire = new CountedStream(socket, n => Interlocked.Add(ref _received, n), n => Interlocked.Add(ref _sent, n)))
        {
            try
            {
                await using var client = await GreetAsync(wire);
                while (await ReadHeadAsync(client) is { } head && await AnswerAsync(socket, client, head))
                {
                }
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or HttpRequestException)
            {
                // The device went away, or the test is over.
            }
        }
    }

    private async Task<Stream> GreetAsync(CountedStream wire)
    {
        if (Certificate is null)
            return wire;
        var secure = new SslStream(wire, leaveInnerStreamOpen: true);
        try
        {
            await secure.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate }, _stop.Token);
            return secure;
        }
        catch (AuthenticationException e)
        {
            await UntilGivenUpAsync(wire, _stop.Token); // what a device says when it hangs up is counted too
            throw new IOException(e.Message, e);
        }
    }

    private static async Task UntilGivenUpAsync(Stream client, CancellationToken ct)
    {
        byte[] nothing = new byte[1];
        while (await client.ReadAsync(nothing, ct) > 0)
        {
        }
    }

    /// <returns>Whether the connection goes on.</returns>
    private async Task<bool> AnswerAsync(Socket socket, Stream client, string head)
    {
        string[] lines = head.Split("\r\n");
        string path = lines[0].Split(' ')[1];
        string? range = lines.FirstOrDefault(l => l.StartsWith("Range:", StringComparison.OrdinalIgnoreCase))?["Range:".Length..].Trim();
        var exchange = new NetworkExchange(path, range is null ? 0 : long.Parse(range["bytes=".Length..].Split('-')[0], CultureInfo.InvariantCulture), Encoding.ASCII.GetByteCount(head));
        Exchanges.Enqueue(exchange);
        bool about = path.Contains(About, StringComparison.Ordinal);
        var fault = about && Faults.TryDequeue(out var next) ? next : about ? Rest : new NetworkFault(NetworkFaultKind.None);
        exchange.IsInVain = fault.IsInVain;
        exchange.BodyFrom = fault.Kind == NetworkFaultKind.RangeUnheeded ? 0 : exchange.From;
        if (await new FaultyAnswer(this, socket, client, exchange, fault).GiveAloneAsync(_stop.Token))
            return fault.Kind is NetworkFaultKind.Status or NetworkFaultKind.RedirectLoop or NetworkFaultKind.RedirectToPortal or NetworkFaultKind.Portal;
        using var request = new HttpRequestMessage(new HttpMethod(lines[0].Split(' ')[0]), new Uri(_to, path));
        foreach (string line in lines.Skip(1).Where(l => l.Contains(':', StringComparison.Ordinal) && !l.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)))
            if (fault.Kind != NetworkFaultKind.RangeUnheeded || !line.StartsWith("Range:", StringComparison.OrdinalIgnoreCase))
                request.Headers.TryAddWithoutValidation(line.Split(':', 2)[0], line.Split(':', 2)[1].Trim());
        using var answer = await _upstream.SendAsync(request, _stop.Token);
        return await new FaultyAnswer(this, socket, client, exchange, fault).GiveAsync(answer, await answer.Content.ReadAsByteArrayAsync(_stop.Token), _stop.Token);
    }

    private async Task<string?> ReadHeadAsync(Stream client)
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (await client.ReadAsync(one, _stop.Token) == 1)
        {
            head.Add(one[0]);
            // A TLS greeting is no head, whatever its random bytes say.
            if (char.IsAsciiLetterUpper((char)head[0]) && head is [.., (byte)'\r', (byte)'\n', (byte)'\r', (byte)'\n'])
                return Encoding.ASCII.GetString([.. head]);
        }
        return null;
    }

    /// <summary>One answer with its fault.</summary>
    private sealed class FaultyAnswer(BadNetwork network, Socket socket, Stream client, NetworkExchange exchange, NetworkFault fault)
    {
        /// <summary>Gives answers that need no registry.</summary>
        /// <returns>Whether the exchange is over.</returns>
        public async Task<bool> GiveAloneAsync(CancellationToken ct)
        {
            switch (fault.Kind)
            {
                case NetworkFaultKind.CloseAtOnce:
                    return true;
                case NetworkFaultKind.ResetAtOnce:
                    socket.LingerState = new LingerOption(true, 0);
                    return true;
                case NetworkFaultKind.Silence:
                    await UntilGivenUpAsync(ct);
                    return true;
                case NetworkFaultKind.HalfAHead:
                    await SendAsync("HTTP/1.1 200 OK\r\nContent-Le", ct);
                    return true;
                case NetworkFaultKind.Garbage:
                    await SendAsync("SSH-2.0-OpenSSH_9.2\r\n", ct);
                    return true;
                case NetworkFaultKind.Status:
                    await SendAsync($"HTTP/1.1 {fault.Number} Because\r\n{(fault.RetryAfterSeconds is { } s ? $"Retry-After: {s}\r\n" : "")}Content-Length: 0\r\n\r\n", ct);
                    return true;
                case NetworkFaultKind.RedirectLoop:
                    await SendAsync($"HTTP/1.1 307 Elsewhere\r\nLocation: {network.Address.ToString().TrimEnd('/')}{exchange.Path}\r\nContent-Length: 0\r\n\r\n", ct);
                    return true;
                case NetworkFaultKind.RedirectToPortal:
                    network.Faults.Enqueue(new NetworkFault(NetworkFaultKind.Portal));
                    await SendAsync($"HTTP/1.1 302 Found\r\nLocation: {network.Address.ToString().TrimEnd('/')}/blobs/portal\r\nContent-Length: 0\r\n\r\n", ct);
                    return true;
                case NetworkFaultKind.Portal:
                    await SendAsync($"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {Page.Length}\r\n\r\n{Page}", ct);
                    return true;
                default:
                    return false;
            }
        }

        /// <summary>Passes an answer of the registry on.</summary>
        /// <returns>Whether the connection goes on.</returns>
        public async Task<bool> GiveAsync(HttpResponseMessage answer, byte[] body, CancellationToken ct)
        {
            if (network.Latency > TimeSpan.Zero)
                await Task.Delay(network.Latency, ct);
            long announced = fault.Kind == NetworkFaultKind.WrongLength ? body.Length + fault.Number : body.Length;
            var head = new StringBuilder($"HTTP/1.1 {(int)answer.StatusCode} {answer.ReasonPhrase}\r\n");
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(h => h.Key is not ("Content-Length" or "Transfer-Encoding" or "Connection" or "Content-Range")))
                head.Append(CultureInfo.InvariantCulture, $"{name}: {string.Join(", ", values)}\r\n");
            if (answer.Content.Headers.ContentRange is { } range)
                head.Append(CultureInfo.InvariantCulture, $"Content-Range: bytes {range.From + (fault.Kind == NetworkFaultKind.WrongRange ? fault.Number : 0)}-{range.To}/{range.Length}\r\n");
            await SendAsync(head.Append(CultureInfo.InvariantCulture, $"Content-Length: {announced}\r\n\r\n").ToString(), ct);
            if (fault.Kind == NetworkFaultKind.Damage)
                body[Math.Min(fault.Number, body.Length - 1)] ^= 1;
            if (fault.Kind == NetworkFaultKind.WrongRange)
            {
                await UntilGivenUpAsync(ct);
                return false;
            }
            bool ends = fault.Kind is NetworkFaultKind.Cut or NetworkFaultKind.Reset or NetworkFaultKind.Stall && fault.Number < body.Length;
            await SendBodyAsync(body.AsMemory(0, ends ? (int)fault.Number : (int)Math.Min(announced, body.Length)), fault.Kind == NetworkFaultKind.Drip ? (int)fault.Number : PieceBytes, ct);
            if (fault.Kind == NetworkFaultKind.Stall && ends)
                await UntilGivenUpAsync(ct);
            if (fault.Kind == NetworkFaultKind.Reset && ends)
                await ResetAsync(ct);
            return !ends && announced == body.Length;
        }

        private async Task SendBodyAsync(ReadOnlyMemory<byte> body, int piece, CancellationToken ct)
        {
            long began = TimeProvider.System.GetTimestamp();
            if (network.BytesPerSecond > 0)
                piece = (int)Math.Clamp(network.BytesPerSecond / 10, 1, piece); // ten times a second, like a link and not like a valve
            for (int at = 0; at < body.Length; at += piece)
            {
                if (network.BytesPerSecond > 0 && TimeSpan.FromSeconds(at / (double)network.BytesPerSecond) - TimeProvider.System.GetElapsedTime(began) is { Ticks: > 0 } early)
                    await Task.Delay(early, ct);
                var part = body.Slice(at, Math.Min(piece, body.Length - at));
                exchange.BodySent += part.Length;
                await SendAsync(part, ct);
                if (fault.Pause > TimeSpan.Zero)
                    await Task.Delay(fault.Pause, ct);
                network.Progress?.Invoke(network.Exchanges.Sum(e => e.BodySent));
            }
        }

        private Task SendAsync(string text, CancellationToken ct) => SendAsync(Encoding.ASCII.GetBytes(text), ct);

        /// <summary>Counted before it is sent: who has received it must find it counted.</summary>
        private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
        {
            exchange.Sent += bytes.Length;
            await client.WriteAsync(bytes, ct);
        }

        /// <summary>What was sent has been taken: a reset must not take it away from the count of the other side.</summary>
        private async Task ResetAsync(CancellationToken ct)
        {
            while (Unsent() > 0)
                await Task.Delay(1, ct);
            socket.LingerState = new LingerOption(true, 0);
        }

        private int Unsent()
        {
            // struct tcp_info (linux/tcp.h): segments not acknowledged at 24, bytes not sent yet at 144
            byte[] state = new byte[148];
            socket.GetRawSocketOption(6 /* IPPROTO_TCP */, 11 /* TCP_INFO */, state);
            return BitConverter.ToInt32(state, 24) + BitConverter.ToInt32(state, 144);
        }

        private Task UntilGivenUpAsync(CancellationToken ct) => BadNetwork.UntilGivenUpAsync(client, ct);
    }
}
