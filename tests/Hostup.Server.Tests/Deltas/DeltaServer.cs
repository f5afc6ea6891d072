using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Applying;
using Hostup.Delta.Building;
using Hostup.Oci.Images;
using Hostup.Oci.Registries;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Deltas;

/// <summary>What tests of deltas do on a real server again and again.</summary>
internal static class DeltaServer
{
    /// <summary>A server of its own.</summary>
    public static async Task<TestServer> StartAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var server = new TestServer { Change = change ?? (o => o) };
        await server.InitializeAsync();
        return server;
    }

    public static async Task<HttpResponseMessage> AskAsync(this TestDevice device, ReleaseView target, Digest tree) =>
        await device.Http.GetAsync($"/device/v1/deltas/{target.Image}?from={tree}");

    public static async Task<DeltaView> RequestAsync(this TestServer server, string from, string to) =>
        await server.PostAsync("/api/v1/deltas", new DeltaRequest(from, to), WireJson.Default.DeltaRequest, WireJson.Default.DeltaView);

    public static async Task<DeltaView> ShowAsync(this TestServer server, string id) => (await server.Operator.GetFromJsonAsync($"/api/v1/deltas/{id}", WireJson.Default.DeltaView))!;

    public static async Task<IReadOnlyList<DeltaView>> DeltasAsync(this TestServer server) => (await server.Operator.GetFromJsonAsync("/api/v1/deltas", WireJson.Default.PageDeltaView))!.Items;

    /// <summary>Waits until nothing follows by itself.</summary>
    public static async Task<DeltaView> SettledAsync(this TestServer server, string id)
    {
        var delta = await server.ShowAsync(id);
        while (!DeltaStates.IsSettled(delta.State))
            delta = (await server.Operator.GetFromJsonAsync($"/api/v1/deltas/{id}?waitSerial={delta.Serial}&seconds=60", WireJson.Default.DeltaView))!;
        return delta;
    }

    /// <summary>The database beside the server's own connections.</summary>
    public static HostupDb Database(this TestServer server)
    {
        var options = new DbContextOptionsBuilder<HostupDb>();
        new SqliteEngine(Path.Combine(server.Directory, "hostup.db")).Configure(options);
        return new HostupDb(options.Options);
    }

    public static string BlobFile(this TestServer server, Digest digest) => Path.Combine(server.Directory, "blobs", "sha256", digest.Hex[..2], digest.Hex);

    /// <summary>Fetches an artefact as a device does: with its own key, by digest, everything checked.</summary>
    public static async Task<(OciDescriptor Blob, byte[] Delta)> PullAsync(this TestServer server, TestDevice device, DeltaOffer offer)
    {
        using var http = new HttpClient(RegistryClient.NewHandler());
        var client = new RegistryClient(http, new RegistryLocation(server.Address, offer.Repository), new RegistryCredentials($"d_{device.Uuid}", device.Key), new TransferCounter());
        var (descriptor, manifest) = await client.GetManifestAsync(offer.Artifact!.Value.ToString(), default);
        var blob = ImageParts.Of(descriptor.MediaType, manifest).Blobs[1];
        await using var stream = await client.OpenAsync(blob, 0, default);
        using var delta = new MemoryStream();
        await stream.CopyToAsync(delta);
        Assert.Equal(blob.Digest, Digest.Of(delta.GetBuffer().AsSpan(0, (int)delta.Length)));
        return (blob, delta.ToArray());
    }

    /// <summary>Tree digest of what a delta makes of a tree.</summary>
    public static async Task<Digest> ApplyAsync(byte[] delta, SpooledTree old)
    {
        await using var reader = await DeltaTreeReader.OpenAsync(new MemoryStream(delta), old, new DeltaPlace(Path.GetTempPath(), null), 0, default);
        return (await RootTree.ReadAsync(reader, new HashSet<TreePath>(), default)).Digest;
    }

    public static async Task<ApiError> RefusedAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        Assert.Equal(status, answer.StatusCode);
        return await TestServer.ErrorAsync(answer);
    }
}
