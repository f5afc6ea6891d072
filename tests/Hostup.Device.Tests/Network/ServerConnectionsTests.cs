using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Lab.Networks;
using Hostup.Linux.Network;

namespace Hostup.Device.Tests.Network;

/// <summary>The owner's certificate authority and proxy, on real sockets.</summary>
public sealed class ServerConnectionsTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_server_of_the_owners_authority_is_believed_with_balenaRootCA_and_only_with_it()
    {
        using var authority = new OwnAuthority("owner");
        using var certificate = authority.Issue("localhost");

        Assert.Equal("hello", await GetAsync(certificate, "localhost", OwnAuthority.ConfigValue(authority)));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(certificate, "localhost", null));
    }

    [Fact]
    public async Task A_certificate_for_another_name_or_of_another_authority_is_refused()
    {
        using var authority = new OwnAuthority("owner");
        using var other = new OwnAuthority("other");
        using var wrongName = authority.Issue("elsewhere.example.com");
        using var wrongAuthority = other.Issue("localhost");

        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(wrongName, "localhost", OwnAuthority.ConfigValue(authority)));
        await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(wrongAuthority, "localhost", OwnAuthority.ConfigValue(authority)));
        // several authorities in one value count, whatever their order
        Assert.Equal("hello", await GetAsync(wrongAuthority, "localhost", OwnAuthority.ConfigValue(authority, other)));
    }

    [Fact]
    public async Task Requests_go_through_the_proxy_with_its_password()
    {
        await using var proxy = new OneAnswer("via proxy");
        using var connections = ServerConnections.Of(null, new UriBuilder("http", "127.0.0.1", proxy.Port) { UserName = "who", Password = "se%20cret" }.ToString());
        using var http = connections.Open();

        string answer = await http.GetStringAsync(new Uri("http://device-server.example.com/x"), Ct);

        Assert.Equal("via proxy", answer);
        string seen = string.Join('\n', proxy.Requests);
        Assert.Contains("GET http://device-server.example.com/x ", seen, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authorization: Basic " + Convert.ToBase64String("who:se cret"u8), seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_is_not_followed_so_the_key_stays()
    {
        await using var foreign = new OneAnswer("stolen");
        await using var server = new OneAnswer("", $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{foreign.Port}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        using var connections = ServerConnections.Of(null, null);
        using var http = connections.Open();
        http.DefaultRequestHeaders.Add("Authorization", "Bearer hkd_secret");

        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{server.Port}/"), Ct);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        Assert.Empty(foreign.Requests);
    }

    [Theory]
    [InlineData("not base64!", null)]
    [InlineData("aGVsbG8=", null)]
    [InlineData(null, "ftp://proxy.example.com")]
    [InlineData(null, "http://")]
    public void What_cannot_be_used_is_named(string? authority, string? proxy)
    {
        var refusal = Assert.Throws<HostupException>(() => ServerConnections.Of(authority, proxy));

        Assert.Equal(HostupErrors.BadConfig, refusal.Code);
        Assert.Contains(authority is null ? "httpProxy" : "balenaRootCA", refusal.Message, StringComparison.Ordinal);
    }

    private static async Task<string> GetAsync(X509Certificate2 certificate, string host, string? authority)
    {
        await using var server = new OneAnswer("hello", certificate: certificate);
        using var connections = ServerConnections.Of(authority, null);
        using var http = connections.Open();
        return await http.GetStringAsync(new Uri($"https://{host}:{server.Port}/"), Ct);
    }

    /// <summary>A server that gives every connection the same answer, with TLS when it has a certificate.</summary>
    private sealed class OneAnswer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.IPv6Any, 0);
        private readonly byte[] _answer;
        private readonly X509Certificate2? _certificate;
        private readonly Task _serving;

        public OneAnswer(string body, string? answer = null, X509Certificate2? certificate = null)
        {
            _answer = Encoding.ASCII.GetBytes(answer ?? $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body}");
            _certificate = certificate;
            _listener.Server.DualMode = true;
            _listener.Start();
            _serving = ServeAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public List<string> Requests { get; } = [];

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _serving.WaitAsync(TimeSpan.FromSeconds(20));
        }

        private async Task ServeAsync()
        {
            while (true)
            {
                try
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    await AnswerAsync(client);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // the client did not like the certificate
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
                {
                    return;
                }
            }
        }

        private async Task AnswerAsync(TcpClient client)
        {
            Stream stream = client.GetStream();
            if (_certificate is not null)
            {
                var secure = new SslStream(stream);
                await secure.AuthenticateAsServerAsync(_certificate);
                stream = secure;
            }
            byte[] buffer = new byte[8192];
            string request = Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer));
            Requests.Add(request);
            // a proxy says that it wants to know who asks
            bool challenge = request.Contains("GET http://", StringComparison.Ordinal) && !request.Contains("Proxy-Authorization", StringComparison.Ordinal);
            await stream.WriteAsync(challenge ? "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray() : _answer);
            await stream.DisposeAsync();
        }
    }
}
