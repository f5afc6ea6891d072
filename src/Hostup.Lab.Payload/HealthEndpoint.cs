using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Hostup.Lab.Payload;

/// <summary>The supervisor's HTTP endpoint on its well-known port; it knows /ping, /v1/healthy and /v1/version.</summary>
/// <param name="version">Answer to /v1/version.</param>
internal sealed class HealthEndpoint(string version)
{
    private const int Port = 48484;

    public async Task RunAsync(CancellationToken ct)
    {
        var listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        using var stop = ct.Register(listener.Stop);
        while (!ct.IsCancellationRequested)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync(ct);
                await AnswerAsync(client.GetStream(), ct);
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // a client that went away is its own business
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream, CancellationToken ct)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ct);
        patience.CancelAfter(TimeSpan.FromSeconds(5));
        using var reader = new StreamReader(stream, Encoding.ASCII, leaveOpen: true);
        string request = await reader.ReadLineAsync(patience.Token) ?? "";
        while (!string.IsNullOrEmpty(await reader.ReadLineAsync(patience.Token)))
        {
        }
        var (status, body) = request.Split(' ') switch
        {
            ["GET", "/ping", ..] => ("200 OK", "OK"),
            ["GET", "/v1/healthy", ..] => ("200 OK", "OK"),
            ["GET", "/v1/version", ..] => ("200 OK", version),
            _ => ("404 Not Found", "unknown"),
        };
        string answer = $"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), patience.Token);
    }
}
