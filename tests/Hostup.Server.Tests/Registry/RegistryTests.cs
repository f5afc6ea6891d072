using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core;

namespace Hostup.Server.Tests.Registry;

public sealed class RegistryTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_request_without_a_token_is_told_where_to_get_one()
    {
        var answer = await server.Nobody.GetAsync("/v2/hostos/x/manifests/latest");

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        string challenge = answer.Headers.WwwAuthenticate.ToString();
        Assert.Contains($"realm=\"{server.Address}v2/token\"", challenge, StringComparison.Ordinal);
        Assert.Contains("scope=\"repository:hostos/x:pull\"", challenge, StringComparison.Ordinal);
        Assert.Equal("UNAUTHORIZED", JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["errors"]![0]!["code"]!.GetValue<string>());
    }

    [Fact]
    public async Task Behind_a_TLS_proxy_on_this_machine_the_token_is_to_be_had_where_the_proxy_was_asked()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/hostos/x/manifests/latest") { Headers = { { "X-Forwarded-Proto", "https" }, { "X-Forwarded-Host", "hostup.example.com" } } };

        var answer = await server.Nobody.SendAsync(request);

        Assert.Contains("realm=\"https://hostup.example.com/v2/token\"", answer.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_device_pulls_by_digest_and_by_range_with_a_token_for_that_repository_only()
    {
        byte[] layer = RandomNumberGenerator.GetBytes(100_000);
        var image = await server.PushAsync("hostos/pull", layer);
        var device = await server.DeviceAsync();
        using var client = server.Client(await TokenAsync($"d_{device.Uuid}", device.Key, "repository:hostos/pull:pull,push"));

        var manifest = await client.GetAsync($"/v2/hostos/pull/manifests/{image}");
        using var ranged = new HttpRequestMessage(HttpMethod.Get, $"/v2/hostos/pull/blobs/{Digest.Of(layer)}") { Headers = { Range = new RangeHeaderValue(50_000, null) } };
        var rest = await client.SendAsync(ranged);
        using var head = new HttpRequestMessage(HttpMethod.Head, $"/v2/hostos/pull/blobs/{Digest.Of(layer)}");

        Assert.Equal(image, Digest.Of(await manifest.Content.ReadAsByteArrayAsync()));
        Assert.Equal("application/vnd.oci.image.manifest.v1+json", manifest.Content.Headers.ContentType!.MediaType);
        Assert.Equal(HttpStatusCode.PartialContent, rest.StatusCode);
        Assert.Equal(layer[50_000..], await rest.Content.ReadAsByteArrayAsync());
        Assert.Equal(100_000, (await client.SendAsync(head)).Content.Headers.ContentLength);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"/v2/hostos/other/manifests/{image}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync("/v2/hostos/pull/blobs/uploads/", null)).StatusCode);
    }

    [Fact]
    public async Task Content_of_one_repository_is_not_there_under_another_name()
    {
        byte[] layer = Encoding.UTF8.GetBytes("only here");
        await server.PushAsync("hostos/one", layer);

        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync($"/v2/hostos/two/blobs/{Digest.Of(layer)}")).StatusCode);
        var mounted = await server.Operator.PostAsync($"/v2/hostos/two/blobs/uploads/?mount={Digest.Of(layer)}&from=hostos/one", null);
        Assert.Equal(HttpStatusCode.Created, mounted.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Operator.GetAsync($"/v2/hostos/two/blobs/{Digest.Of(layer)}")).StatusCode);
    }

    [Fact]
    public async Task A_blob_arrives_in_parts_and_a_part_at_the_wrong_place_is_refused()
    {
        byte[] blob = RandomNumberGenerator.GetBytes(30_000);
        var started = await server.Operator.PostAsync("/v2/hostos/parts/blobs/uploads/", null);
        string upload = started.Headers.Location!.ToString();

        Assert.Equal(HttpStatusCode.Accepted, (await PatchAsync(upload, blob, 0, 10_000)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await PatchAsync(upload, blob, 20_000, 30_000)).StatusCode);
        Assert.Equal("0-9999", (await server.Operator.GetAsync(upload)).Headers.GetValues("Range").Single());
        Assert.Equal(HttpStatusCode.Accepted, (await PatchAsync(upload, blob, 10_000, 30_000)).StatusCode);
        var finished = await server.Operator.PutAsync($"{upload}?digest={Digest.Of(blob)}", null);

        Assert.Equal(HttpStatusCode.Created, finished.StatusCode);
        Assert.Equal(blob, await server.Operator.GetByteArrayAsync($"/v2/hostos/parts/blobs/{Digest.Of(blob)}"));
    }

    [Fact]
    public async Task Content_that_is_not_what_its_digest_says_is_refused_and_gone()
    {
        var digest = Digest.Of("right"u8);

        var answer = await server.Operator.PostAsync($"/v2/hostos/x/blobs/uploads/?digest={digest}", new ByteArrayContent("wrong"u8.ToArray()));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("DIGEST_INVALID", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync($"/v2/hostos/x/blobs/{digest}")).StatusCode);
        Assert.Empty(Directory.GetFiles(Path.Combine(server.Directory, "uploads")));
    }

    [Fact]
    public async Task A_manifest_whose_parts_are_missing_is_refused()
    {
        byte[] manifest = TestServer.Manifest("{\"a\":1}"u8.ToArray(), "never pushed"u8.ToArray());

        var answer = await server.Operator.PutAsync("/v2/hostos/x/manifests/broken", new ByteArrayContent(manifest));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Contains("not on the server", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_ends_after_an_hour_and_a_forged_one_opens_nothing()
    {
        await server.PushAsync("hostos/x", "a"u8.ToArray());
        string token = await TokenAsync("operator", server.OperatorKey, "repository:hostos/x:pull");
        using var client = server.Client(token);
        using var forged = server.Client(token[..^2] + (token[^1] == 'A' ? "BB" : "AA"));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/v2/hostos/x/tags/list")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await forged.GetAsync("/v2/hostos/x/tags/list")).StatusCode);

        server.Time.Pass(TimeSpan.FromHours(1));

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/v2/hostos/x/tags/list")).StatusCode);
    }

    [Theory]
    [InlineData("d_0123", true)]
    [InlineData("operator", true)]
    [InlineData("operator", false)]
    public async Task A_token_needs_user_and_key_that_belong_together(string user, bool withDeviceKey)
    {
        string key = withDeviceKey ? (await server.DeviceAsync()).Key : "hko_wrong";

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskTokenAsync(user, key, "repository:hostos/x:pull")).StatusCode);
    }

    [Fact]
    public async Task A_large_blob_goes_through_without_being_held_in_memory()
    {
        const int megabytes = 192;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = RandomNumberGenerator.GetBytes(1 << 20);
        for (int i = 0; i < megabytes; i++)
            hash.AppendData(piece);
        var digest = Digest.FromHash(hash.GetHashAndReset());
        var started = await server.Operator.PostAsync("/v2/hostos/large/blobs/uploads/", null);
        long before = GC.GetTotalAllocatedBytes();

        (await server.Operator.PatchAsync(started.Headers.Location!.ToString(), new RepeatedContent(piece, megabytes))).EnsureSuccessStatusCode();
        (await server.Operator.PutAsync($"{started.Headers.Location}?digest={digest}", null)).EnsureSuccessStatusCode();
        await using (var stream = await server.Operator.GetStreamAsync($"/v2/hostos/large/blobs/{digest}"))
            Assert.Equal(digest, Digest.FromHash(await SHA256.HashDataAsync(stream)));

        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64L << 20);
    }

    [Fact]
    [Trait("Needs", "docker")]
    public async Task Skopeo_pushes_and_pulls_an_image()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/skopeo"), "skopeo is not installed");
        string layouts = Directory.CreateTempSubdirectory("hostup-layout-").FullName;
        string image = await LayoutAsync(Path.Combine(layouts, "in"));
        string remote = $"docker://{server.Address.Authority}/hostos/skopeo:1";

        await SkopeoAsync("--dest-tls-verify=false", "--dest-creds", $"operator:{server.OperatorKey}", $"oci:{layouts}/in:latest", remote);
        var device = await server.DeviceAsync();
        await SkopeoAsync("--src-tls-verify=false", "--src-creds", $"d_{device.Uuid}:{device.Key}", remote, $"oci:{layouts}/out:latest");

        Assert.Contains(image, await File.ReadAllTextAsync(Path.Combine(layouts, "out", "index.json")), StringComparison.Ordinal);
        Directory.Delete(layouts, recursive: true);
    }

    private static async Task SkopeoAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("/usr/bin/skopeo", ["--insecure-policy", "copy", "--preserve-digests", .. arguments]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, error);
    }

    private static async Task<string> LayoutAsync(string directory)
    {
        string blobs = Directory.CreateDirectory(Path.Combine(directory, "blobs", "sha256")).FullName;
        byte[] layer = RandomNumberGenerator.GetBytes(10_240);
        byte[] config = Encoding.UTF8.GetBytes("{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" + Digest.Of(layer) + "\"]}}");
        byte[] manifest = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(TestServer.Manifest(config, layer)).Replace(".tar+gzip", ".tar", StringComparison.Ordinal));
        foreach (byte[] blob in (byte[][])[layer, config, manifest])
            await File.WriteAllBytesAsync(Path.Combine(blobs, Digest.Of(blob).Hex), blob);
        await File.WriteAllTextAsync(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        await File.WriteAllTextAsync(Path.Combine(directory, "index.json"), "{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"" + Digest.Of(manifest) + "\",\"size\":" + manifest.Length + ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"latest\"}}]}");
        return Digest.Of(manifest).ToString();
    }

    private Task<HttpResponseMessage> PatchAsync(string upload, byte[] blob, int from, int to)
    {
        var content = new ByteArrayContent(blob[from..to]);
        content.Headers.TryAddWithoutValidation("Content-Range", $"{from}-{to - 1}");
        return server.Operator.PatchAsync(upload, content);
    }

    private async Task<string> TokenAsync(string user, string key, string scope) =>
        JsonNode.Parse(await (await AskTokenAsync(user, key, scope)).EnsureSuccessStatusCode().Content.ReadAsStringAsync())!["token"]!.GetValue<string>();

    private async Task<HttpResponseMessage> AskTokenAsync(string user, string key, string scope)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/token?service=hostup&scope={scope}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{key}")));
        return await server.Nobody.SendAsync(request);
    }

    private sealed class RepeatedContent(byte[] piece, int times) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (int i = 0; i < times; i++)
                await stream.WriteAsync(piece);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
