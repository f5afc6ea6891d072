using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Networks;
using Hostup.Lab.Registries;
using Hostup.Lab.Sim;
using Hostup.Linux.Engine;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Oci.Registries;
using Hostup.Updates.Supervisor;

namespace Hostup.Linux.Tests.Engine;

/// <summary>The loopback registry that an engine pulls from, with real sockets on both sides.</summary>
public sealed class ImageRelayTests
{
    private static readonly SmallImage Image = new();

    [Fact]
    public async Task An_engine_gets_the_image_and_every_byte_on_the_wire_is_counted()
    {
        await using var scene = new Scene();

        Assert.Equal(Image.Manifest, await scene.GetAsync("manifests", Image.Name.Digest));
        Assert.Equal(Image.Config, await scene.GetAsync("blobs", Digest.Of(Image.Config)));
        Assert.Equal(Image.Layer, await scene.GetAsync("blobs", Digest.Of(Image.Layer)));

        await scene.EndAsync();
        Assert.Equal((scene.Network.Sent, scene.Network.Received), (scene.Source.Bytes.Received, scene.Source.Bytes.Sent));
        Assert.Equal(new CauseBytes("retried", 0, 0), scene.Source.Retried);
        Assert.Equal("supervisor", scene.Source.Bytes.Cause);
    }

    [Fact]
    public async Task A_link_that_breaks_is_gone_on_with_by_a_range_and_the_engine_does_not_notice()
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        scene.Network.Faults.Enqueue(new(NetworkFaultKind.Cut, 100_000));

        byte[] layer = await scene.GetAsync("blobs", Digest.Of(Image.Layer));

        Assert.Equal(Image.Layer, layer);
        Assert.Equal([0, 100_000], scene.Network.Exchanges.Where(e => e.Path.Contains("/blobs/", StringComparison.Ordinal)).Select(e => e.From));
        await scene.EndAsync();
        Assert.Equal(scene.Network.Sent, scene.Source.Bytes.Received + scene.Source.Retried.Received);
    }

    [Fact]
    public async Task An_engine_that_broke_off_goes_on_by_a_range_and_nothing_is_fetched_twice()
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        var engine = new SimTaker { LeavesAfter = 150_000 };
        await Assert.ThrowsAsync<IOException>(() => scene.Feed.CopyAsync(Digest.Of(Image.Layer), Image.Layer.Length, 0, engine, default).AsTask());

        using var answer = await scene.SendAsync(HttpMethod.Get, scene.PathOf("blobs", Digest.Of(Image.Layer)), new RangeHeaderValue(150_000, null));

        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal("bytes 150000-299999/300000", answer.Content.Headers.ContentRange!.ToString());
        Assert.Equal(Image.Layer[150_000..], await answer.Content.ReadAsByteArrayAsync());
        await scene.EndAsync();
        Assert.Equal(300_000, scene.Network.Exchanges.Where(e => e.Path.Contains("/blobs/", StringComparison.Ordinal)).Max(e => e.From + e.BodySent));
    }

    [Fact]
    public async Task An_engine_that_cannot_go_on_where_it_asked_to_gets_the_head_of_an_answer_from_the_beginning_and_no_more()
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        await scene.GetAsync("blobs", Digest.Of(Image.Layer));
        int asked = scene.Network.Exchanges.Count;

        string told = await scene.RawAsync($"GET {scene.PathOf("blobs", Digest.Of(Image.Layer))} HTTP/1.1\r\nHost: {scene.Relay.Address}\r\nRange: bytes=3-\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", told, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", told, StringComparison.Ordinal);
        Assert.Equal(asked, scene.Network.Exchanges.Count);

        Assert.Equal(Image.Layer, await scene.GetAsync("blobs", Digest.Of(Image.Layer)));
    }

    [Fact]
    public async Task A_layer_that_is_wrong_is_never_given_whole_and_then_not_at_all()
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        scene.Network.Rest = new(NetworkFaultKind.Damage, 70_000);
        string path = scene.PathOf("blobs", Digest.Of(Image.Layer));

        using var first = await scene.SendAsync(HttpMethod.Get, path);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => first.Content.ReadAsByteArrayAsync());
        using var second = await scene.SendAsync(HttpMethod.Get, path, new RangeHeaderValue(262_144, null));
        using var third = await scene.SendAsync(HttpMethod.Get, scene.PathOf("manifests", Image.Name.Digest));

        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (second.StatusCode, third.StatusCode));
        Assert.Equal(HostupErrors.DigestMismatch, scene.Relay.Fault!.Code);
        Assert.Equal(Image.Layer.Length, scene.Source.Retried.Received);
    }

    [Fact]
    public async Task A_short_blob_that_is_wrong_is_not_given_at_all()
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        scene.Network.Rest = new(NetworkFaultKind.Damage, 3);

        using var answer = await scene.SendAsync(HttpMethod.Get, scene.PathOf("blobs", Digest.Of(Image.Config)));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(HostupErrors.DigestMismatch, scene.Relay.Fault!.Code);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/v2/_catalog")]
    [InlineData("/v2/REPOSITORY/tags/list")]
    [InlineData("/v2/REPOSITORY/manifests/v2")]
    [InlineData("/v2/REPOSITORY/manifests/OTHER")]
    [InlineData("/v2/REPOSITORY/manifests/CONFIG")]
    [InlineData("/v2/REPOSITORY/manifests/IMAGE?x=1")]
    [InlineData("/v2/REPOSITORY/blobs/OTHER")]
    [InlineData("/v2/REPOSITORY/blobs/IMAGE")]
    [InlineData("/v2/REPOSITORY/blobs/../manifests/IMAGE")]
    [InlineData("/v2/REPOSITORYx/manifests/IMAGE")]
    [InlineData("/v2/REPOSITORY//manifests/IMAGE")]
    [InlineData("/v2/os/supervisor/manifests/IMAGE")]
    [InlineData("/v2/0123456789abcdef0123456789abcdef/os/supervisor/manifests/IMAGE")]
    [InlineData("/v2/os/supervisor/blobs/CONFIG")]
    public async Task Who_does_not_know_the_secret_or_wants_something_else_gets_nothing(string path)
    {
        await using var scene = new Scene();
        await scene.GetAsync("manifests", Image.Name.Digest);
        int asked = scene.Network.Exchanges.Count;
        string wanted = path.Replace("REPOSITORY", scene.Repository, StringComparison.Ordinal).Replace("IMAGE", Image.Name.Digest.ToString(), StringComparison.Ordinal)
            .Replace("CONFIG", Digest.Of(Image.Config).ToString(), StringComparison.Ordinal).Replace("OTHER", Digest.Of("other"u8).ToString(), StringComparison.Ordinal);

        string answer = await scene.RawAsync($"GET {wanted} HTTP/1.1\r\nHost: {scene.Relay.Address}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 Not Found\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(asked, scene.Network.Exchanges.Count);
    }

    [Fact]
    public async Task A_blob_is_not_given_before_the_manifest_that_names_it()
    {
        await using var scene = new Scene();

        using var answer = await scene.SendAsync(HttpMethod.Get, scene.PathOf("blobs", Digest.Of(Image.Layer)));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Empty(scene.Network.Exchanges);
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Nothing_can_be_brought_or_changed(string method)
    {
        await using var scene = new Scene();

        using var answer = await scene.SendAsync(new HttpMethod(method), scene.PathOf("manifests", Image.Name.Digest));

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Empty(scene.Network.Exchanges);
    }

    [Theory]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001")]
    [InlineData("get /v2/ HTTP/1.1\r\n\r\n")]
    [InlineData("GET /v2/\r\n\r\n")]
    [InlineData("GET /v2/ HTTP/1.1\r\nno header\r\n\r\n")]
    public async Task What_is_no_request_is_told_so_at_once(string greeting)
    {
        await using var scene = new Scene();

        string answer = await scene.RawAsync(greeting);

        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_alone_cost_nothing_but_the_manifest()
    {
        await using var scene = new Scene();

        using var ping = await scene.SendAsync(HttpMethod.Get, "/v2/");
        using var manifest = await scene.SendAsync(HttpMethod.Head, scene.PathOf("manifests", Image.Name.Digest));
        using var layer = await scene.SendAsync(HttpMethod.Head, scene.PathOf("blobs", Digest.Of(Image.Layer)));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK), (ping.StatusCode, manifest.StatusCode, layer.StatusCode));
        Assert.Equal((Image.Manifest.Length, 300_000), (manifest.Content.Headers.ContentLength, layer.Content.Headers.ContentLength));
        Assert.Single(scene.Network.Exchanges);
    }

    [Fact]
    public async Task The_devices_key_goes_to_its_registry_and_the_engine_needs_none()
    {
        await using var scene = new Scene(new ScriptedRegistry { Token = "a-token", TokenUser = "d_1:key" }, new RegistryCredentials("d_1", "key"));

        await scene.GetAsync("manifests", Image.Name.Digest);

        Assert.Contains(scene.Registry.Requests, r => r.EndsWith(" Bearer", StringComparison.Ordinal));
        Assert.DoesNotContain("key", scene.Relay.ImageName, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_no_source_has_is_not_found_and_the_reason_is_kept()
    {
        await using var scene = new Scene(new ScriptedRegistry(), null, empty: true);

        using var answer = await scene.SendAsync(HttpMethod.Get, scene.PathOf("manifests", Image.Name.Digest));

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(HostupErrors.NotFound, scene.Relay.Fault!.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_owners_authority_and_proxy_are_used_and_the_proxy_counts_the_same_bytes(bool believed)
    {
        using var authority = new OwnAuthority();
        using var other = new OwnAuthority("other");
        using var certificate = authority.Issue("registry.example.com");
        await using var registry = new ScriptedRegistry();
        Image.AddTo(registry);
        await using var inside = new BadNetwork(registry.Base);
        await using var proxy = new TunnelProxy(new Dictionary<string, (X509Certificate2, Uri)> { ["registry.example.com"] = (certificate, inside.Address) });
        using var connections = ServerConnections.Of(OwnAuthority.ConfigValue(believed ? authority : other), proxy.Address);
        using var source = new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System, connections: connections), new RegistryLocation(new Uri("https://registry.example.com/"), SmallImage.Repository), null);
        using var feed = new ImageFeed(new SimTerms(), [source]);
        await using var relay = new ImageRelay(Image.Name, feed);
        using var engine = new HttpClient();

        using var manifest = await engine.GetAsync(new Uri($"http://{relay.Address}/v2{relay.ImageName[relay.Address.Length..].Replace("@", "/manifests/", StringComparison.Ordinal)}"));
        feed.Dispose();
        await proxy.EndedAsync();

        Assert.Equal(believed ? HttpStatusCode.OK : HttpStatusCode.NotFound, manifest.StatusCode);
        Assert.Equal(believed ? null : "link", relay.Fault?.Code.Id);
        Assert.InRange(proxy.Tunnels, 1, 50);
        if (believed)
            Assert.Equal((proxy.Sent, proxy.Received), (source.Bytes.Received, source.Bytes.Sent));
    }

    private sealed class Scene : IAsyncDisposable
    {
        private readonly HttpClient _engine = new();

        public Scene()
            : this(new ScriptedRegistry(), null)
        {
        }

        public Scene(ScriptedRegistry registry, RegistryCredentials? credentials, bool empty = false)
        {
            Registry = registry;
            if (!empty)
                Image.AddTo(registry);
            Network = new BadNetwork(registry.Base);
            // A registry names its token server by its own address.
            Source = new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System), new RegistryLocation(credentials is null ? Network.Address : registry.Base, SmallImage.Repository), credentials);
            Feed = new ImageFeed(new SimTerms(), [Source]);
            Relay = new ImageRelay(Image.Name, Feed);
        }

        public ScriptedRegistry Registry { get; }

        public BadNetwork Network { get; }

        public RegistryImage Source { get; }

        public ImageFeed Feed { get; }

        public ImageRelay Relay { get; }

        /// <summary>With the secret.</summary>
        public string Repository => Relay.ImageName.Split('@')[0].Split('/', 2)[1];

        public string PathOf(string kind, Digest digest) => $"/v2/{Repository}/{kind}/{digest}";

        public async Task<byte[]> GetAsync(string kind, Digest digest)
        {
            using var answer = await SendAsync(HttpMethod.Get, PathOf(kind, digest));
            return await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        }

        public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, RangeHeaderValue? range = null)
        {
            using var request = new HttpRequestMessage(method, new Uri($"http://{Relay.Address}{path}"));
            request.Headers.Range = range;
            return await _engine.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        }

        public async Task<string> RawAsync(string request)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPEndPoint.Parse(Relay.Address));
            var stream = client.GetStream();
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            using var reader = new StreamReader(stream, Encoding.Latin1);
            return await reader.ReadToEndAsync();
        }

        /// <summary>The pull is over: connections are closed, and what was on them is counted.</summary>
        public async Task EndAsync()
        {
            await Relay.DisposeAsync();
            Feed.Dispose();
        }

        public async ValueTask DisposeAsync()
        {
            await EndAsync();
            _engine.Dispose();
            await Network.DisposeAsync();
            await Registry.DisposeAsync();
        }
    }
}
