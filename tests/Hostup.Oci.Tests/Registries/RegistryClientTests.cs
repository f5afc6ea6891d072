using Hostup.Core.Errors;
using Hostup.Lab.Registries;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Oci.Tests.Registries;

public sealed class RegistryClientTests : IDisposable
{
    private readonly HttpClient _http = new(RegistryClient.NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly TransferCounter _counter = new();

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task What_is_pushed_is_pulled_and_the_bytes_are_counted()
    {
        await using var registry = new ScriptedRegistry();
        using var test = await TestImage.MakeAsync(1);
        var client = Client(registry);

        await client.PushAsync(test.Image, test.Layout, "v1", default);
        Assert.Equal(test.Image.DownloadBytes, _counter.SentBytes);
        var image = await client.LoadAsync("v1", OciPlatform.LinuxAmd64, default);
        var tree = await TestImage.ReadAsync(image, client);

        Assert.Equal(test.Tree.Digest, tree.Digest);
        Assert.Equal(test.Image.Digest, image.Digest);
        Assert.Equal(test.Image.DownloadBytes, _counter.ReceivedBytes);
    }

    [Fact]
    public async Task What_is_there_is_not_pushed_again()
    {
        await using var registry = new ScriptedRegistry();
        using var test = await TestImage.MakeAsync(1);
        await Client(registry).PushAsync(test.Image, test.Layout, "v1", default);
        long before = _counter.SentBytes;

        await Client(registry).PushAsync(test.Image, test.Layout, "v2", default);

        Assert.Equal(test.Image.ManifestBytes.Length, _counter.SentBytes - before);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("who:secret")]
    public async Task A_token_is_fetched_when_asked_for(string? user)
    {
        await using var registry = new ScriptedRegistry { Token = "t0ken", TokenUser = user };
        using var test = await TestImage.MakeAsync(2);
        var client = Client(registry, user is null ? null : new RegistryCredentials("who", "secret"));

        await client.PushAsync(test.Image, test.Layout, "v1", default);
        var image = await client.LoadAsync("v1", OciPlatform.LinuxAmd64, default);

        Assert.Equal(test.Image.Digest, image.Digest);
        Assert.Single(registry.Requests, r => r.StartsWith("GET /token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Basic_sign_in_is_used_when_asked_for()
    {
        await using var registry = new ScriptedRegistry { BasicUser = "who:secret" };
        using var test = await TestImage.MakeAsync(2);

        await Client(registry, new RegistryCredentials("who", "secret")).PushAsync(test.Image, test.Layout, "v1", default);

        Assert.True(registry.Has(test.Image.Digest.ToString()));
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData(null)]
    public async Task Refused_credentials_are_reported_and_not_printed(string? password)
    {
        await using var tokens = new ScriptedRegistry { Token = "t0ken", TokenUser = "who:secret" };
        await using var basic = new ScriptedRegistry { BasicUser = "who:secret" };
        var credentials = password is null ? null : new RegistryCredentials("who", password);

        foreach (var registry in new[] { tokens, basic })
        {
            var refused = await Assert.ThrowsAsync<HostupException>(() => Client(registry, credentials).LoadAsync("v1", OciPlatform.LinuxAmd64, default));
            Assert.Equal(HostupErrors.Unauthorized, refused.Code);
            Assert.DoesNotContain("wrong", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task No_credential_follows_a_redirect_to_another_host()
    {
        await using var store = new ScriptedRegistry();
        await using var registry = new ScriptedRegistry { Token = "t0ken" };
        using var test = await TestImage.MakeAsync(3);
        await Client(registry).PushAsync(test.Image, test.Layout, "v1", default);
        foreach (var blob in test.Image.Manifest.Layers.Append(test.Image.Manifest.Config))
            store.AddBlob(await File.ReadAllBytesAsync(test.BlobFile(blob)));
        registry.BlobsAt = store.Base;
        var client = Client(registry);

        var image = await client.LoadAsync("v1", OciPlatform.LinuxAmd64, default);
        Assert.Equal(test.Tree.Digest, (await TestImage.ReadAsync(image, client)).Digest);

        Assert.NotEmpty(store.Requests);
        Assert.All(store.Requests, r => Assert.EndsWith(" -", r, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Redirects_do_not_go_on_for_ever()
    {
        await using var registry = new ScriptedRegistry();
        using var test = await TestImage.MakeAsync(3);
        await Client(registry).PushAsync(test.Image, test.Layout, "v1", default);
        registry.BlobsAt = registry.Base;

        await CodeOf(HostupErrors.Link, () => Client(registry).LoadAsync("v1", OciPlatform.LinuxAmd64, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_blob_can_be_read_from_any_offset(bool ranges)
    {
        await using var registry = new ScriptedRegistry { Ranges = ranges };
        var content = Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31)).ToArray();
        registry.AddBlob(content);
        var blob = new OciDescriptor { MediaType = MediaTypes.Layer, Digest = Core.Digest.Of(content), Size = content.Length };
        foreach (var offset in new[] { 0, 1, 100_000, 199_999, 200_000 })
        {
            await using var stream = await Client(registry).OpenAsync(blob, offset, default);
            using var rest = new MemoryStream();
            await stream.CopyToAsync(rest);
            Assert.Equal(content[offset..], rest.ToArray());
        }
    }

    [Theory]
    [InlineData(true, 80_000, true)]
    [InlineData(false, 80_000, false)]
    [InlineData(false, 230_000, true)]
    public async Task What_a_registry_sends_although_it_was_not_asked_for_counts_against_the_budget(bool ranges, long left, bool allowed)
    {
        await using var registry = new ScriptedRegistry { Ranges = ranges };
        byte[] content = [.. Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31))];
        registry.AddBlob(content);
        var blob = new OciDescriptor { MediaType = MediaTypes.Layer, Digest = Core.Digest.Of(content), Size = content.Length };
        var client = new RegistryClient(_http, new RegistryLocation(registry.Base, "os/test"), null, _counter) { BytesLeft = () => left };
        using var got = new MemoryStream();

        var act = async () =>
        {
            await using var rest = await client.OpenAsync(blob, 150_000, default);
            await rest.CopyToAsync(got);
        };
        if (allowed)
            await act();
        else
            Assert.Contains("from its beginning", (await Assert.ThrowsAsync<HostupException>(act)).Why, StringComparison.Ordinal);

        Assert.Equal(allowed ? content[150_000..] : [], got.ToArray());
    }

    [Theory]
    [InlineData(16 << 10, 0)]
    [InlineData(50_000, 1)]
    public async Task A_document_is_not_fetched_beyond_the_budget(int left, int requests)
    {
        await using var registry = new ScriptedRegistry();
        registry.AddManifest("large", MediaTypes.Manifest, new byte[100_000]);
        var client = new RegistryClient(_http, new RegistryLocation(registry.Base, "os/test"), null, _counter) { BytesLeft = () => left };

        await CodeOf(HostupErrors.ByteBudget, () => client.GetManifestAsync("large", default));

        Assert.Equal(requests, registry.Requests.Count);
        Assert.InRange(_counter.ReceivedBytes, 0, left);
    }

    [Fact]
    public async Task No_token_is_fetched_when_the_budget_is_used_up()
    {
        await using var registry = new ScriptedRegistry { Token = "t0ken" };
        var client = new RegistryClient(_http, new RegistryLocation(registry.Base, "os/test"), null, _counter) { BytesLeft = () => registry.Requests.IsEmpty ? 100_000 : 1000 };

        await CodeOf(HostupErrors.ByteBudget, () => client.GetManifestAsync("v1", default));

        Assert.Single(registry.Requests);
    }

    [Fact]
    public async Task A_broken_link_says_so_and_the_transfer_can_go_on()
    {
        await using var registry = new ScriptedRegistry { CutNextBodyAfter = 70_000 };
        var content = Enumerable.Range(0, 200_000).Select(i => (byte)(i * 31)).ToArray();
        registry.AddBlob(content);
        var blob = new OciDescriptor { MediaType = MediaTypes.Layer, Digest = Core.Digest.Of(content), Size = content.Length };
        var client = Client(registry);
        using var got = new MemoryStream();

        await CodeOf(HostupErrors.Link, async () =>
        {
            await using var cut = await client.OpenAsync(blob, 0, default);
            await cut.CopyToAsync(got, 1000);
        });
        await using (var rest = await client.OpenAsync(blob, got.Length, default))
            await rest.CopyToAsync(got);

        Assert.Equal(content, got.ToArray());
    }

    [Theory]
    [InlineData(401, "unauthorized")]
    [InlineData(403, "unauthorized")]
    [InlineData(404, "not-found")]
    [InlineData(429, "server-busy")]
    [InlineData(500, "server-busy")]
    [InlineData(503, "server-busy")]
    [InlineData(400, "registry-answer")]
    public async Task Statuses_have_their_codes(int status, string code)
    {
        await using var registry = new ScriptedRegistry();
        registry.NextStatuses.Enqueue(status);

        var refused = await Assert.ThrowsAsync<HostupException>(() => Client(registry).LoadAsync("v1", OciPlatform.LinuxAmd64, default));

        Assert.Equal(code, refused.Code.Id);
        if (code == "server-busy")
            Assert.Contains("after 7 s", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>A connection is made to its end also when its request was given up meanwhile: its greeting may cross the wire later.</summary>
    [Fact]
    public async Task What_crosses_the_wire_after_a_request_in_vain_and_before_the_next_was_in_vain_too()
    {
        await using var registry = new ScriptedRegistry();
        registry.NextStatuses.Enqueue(404);
        registry.AddBlob([1, 2, 3]);
        var blob = new OciDescriptor { MediaType = MediaTypes.Layer, Digest = Core.Digest.Of([1, 2, 3]), Size = 3 };
        var wire = new WireMeter();
        using var http = new HttpClient(wire.NewHandler());
        var counter = new TransferCounter { Wire = wire };
        var client = new RegistryClient(http, new RegistryLocation(registry.Base, "os/test"), null, counter);

        await CodeOf(HostupErrors.NotFound, () => client.LoadAsync("v1", OciPlatform.LinuxAmd64, default));
        long atItsEnd = counter.WastedSentBytes;
        using var late = await http.GetAsync(registry.Base);
        var wasted = (counter.WastedReceivedBytes, counter.WastedSentBytes);
        Assert.Equal((wire.Received, wire.Sent), wasted);
        Assert.True(wasted.WastedSentBytes > atItsEnd);
        await using (var body = await client.OpenAsync(blob, 0, default))
            await body.CopyToAsync(Stream.Null);

        Assert.Equal(wasted, (counter.WastedReceivedBytes, counter.WastedSentBytes));
        Assert.True(wire.Sent > wasted.WastedSentBytes);
    }

    [Fact]
    public async Task Nobody_at_the_address_is_a_broken_link()
    {
        var registry = new ScriptedRegistry();
        await registry.DisposeAsync();

        await CodeOf(HostupErrors.Link, () => Client(registry).LoadAsync("v1", OciPlatform.LinuxAmd64, default));
    }

    [Fact]
    public async Task Damage_on_the_way_is_found()
    {
        await using var registry = new ScriptedRegistry();
        using var test = await TestImage.MakeAsync(4);
        await Client(registry).PushAsync(test.Image, test.Layout, "v1", default);
        var image = await Client(registry).LoadAsync("v1", OciPlatform.LinuxAmd64, default);
        registry.DamageAt = 500;

        await CodeOf(HostupErrors.DigestMismatch, () => TestImage.ReadAsync(image, Client(registry)));
        await CodeOf(HostupErrors.DigestMismatch, () => Client(registry).LoadAsync("v1", OciPlatform.LinuxAmd64, default));
    }

    [Fact]
    public async Task A_manifest_under_the_wrong_digest_is_refused()
    {
        await using var registry = new ScriptedRegistry();
        using var test = await TestImage.MakeAsync(4);
        var asked = Core.Digest.Of("asked"u8);
        registry.AddManifest(asked.ToString(), MediaTypes.Manifest, test.Image.ManifestBytes.ToArray());

        await CodeOf(HostupErrors.DigestMismatch, () => Client(registry).LoadAsync(asked.ToString(), OciPlatform.LinuxAmd64, default));
    }

    [Fact]
    public async Task A_blob_that_is_damaged_on_the_way_is_not_stored()
    {
        await using var registry = new ScriptedRegistry { DamageAt = 3 };
        registry.AddBlob([1, 2, 3, 4, 5]);
        using var test = await TestImage.MakeAsync(4);
        var layout = OciLayout.Create(test.Scratch("copy"));
        var blob = new OciDescriptor { MediaType = MediaTypes.Layer, Digest = Core.Digest.Of([1, 2, 3, 4, 5]), Size = 5 };

        await CodeOf(HostupErrors.DigestMismatch, () => layout.CopyBlobAsync(blob, Client(registry), default));

        Assert.Empty(Directory.GetFiles(layout.Directory + "/blobs", "*", SearchOption.AllDirectories));
    }

    private static async Task CodeOf(HostupErrorCode code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<HostupException>(action)).Code);

    private RegistryClient Client(ScriptedRegistry registry, RegistryCredentials? credentials = null) =>
        new(_http, new RegistryLocation(registry.Base, "os/test"), credentials, _counter);
}
