using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Server.Tests.Access;
using Hostup.Server.Tests.Deltas;
using Hostup.Server.Updaters;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Garbage;

/// <summary>What is deleted, and above all what is not.</summary>
public sealed class GarbageTests : IAsyncLifetime
{
    private static readonly byte[] Layer = "a layer that no manifest names"u8.ToArray();
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_blob_that_nothing_refers_to_is_deleted_when_it_is_old_and_not_before()
    {
        var blob = await SendAsync(Layer);

        var young = await CollectAsync();
        Assert.Equal((0, 0, 1), (young.GarbageBlobs, young.DeletedBlobs, young.Blobs));
        Assert.True(File.Exists(_server.BlobFile(blob)));

        MakeOld();
        var told = await LookAsync();
        Assert.Equal([new GarbageBlob(blob, Layer.Length, told.Garbage[0].ChangedAt)], told.Garbage);
        Assert.Equal((1, (long)Layer.Length, 0), (told.GarbageBlobs, told.GarbageBytes, told.DeletedBlobs));
        Assert.True(File.Exists(_server.BlobFile(blob)));

        var done = await CollectAsync();
        Assert.Equal((1, (long)Layer.Length), (done.DeletedBlobs, done.DeletedBytes));
        Assert.False(File.Exists(_server.BlobFile(blob)));
        Assert.Equal(0, (await LookAsync()).GarbageBlobs);
        // it is not there: it can be sent again
        using var head = await _server.Operator.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/hostos/x/blobs/{blob}"));
        Assert.Equal(HttpStatusCode.NotFound, head.StatusCode);
        Assert.Equal(blob, await SendAsync(Layer));
    }

    [Fact]
    public async Task Whatever_a_row_or_a_document_refers_to_stays()
    {
        await Holdings.MakeAsync(_server);
        await PublishUpdaterAsync();
        MakeOld();
        string[] before = Blobs();

        var done = await CollectAsync();

        Assert.Empty(done.Unreadable);
        Assert.Equal(0, done.DeletedBlobs);
        Assert.Equal(before, Blobs());
    }

    [Fact]
    public async Task Deltas_of_releases_and_of_updaters_stay_until_nothing_names_them()
    {
        var things = await Holdings.MakeAsync(_server);
        var (delta, pack) = (await SendAsync("delta"u8.ToArray()), await SendAsync("pack"u8.ToArray()));
        await using var db = _server.Database();
        await db.Deltas.Where(d => d.Id == things.Delta).ExecuteUpdateAsync(s => s.SetProperty(d => d.BlobDigest, delta.ToString()));
        new UpdaterPacks(new ServerOptions { DataDirectory = _server.Directory }).Add(Digest.Of("program"u8), new UpdaterPack(null, pack, 4));
        MakeOld();

        Assert.Equal(0, (await CollectAsync()).GarbageBlobs);

        await db.Deltas.Where(d => d.Id == things.Delta).ExecuteUpdateAsync(s => s.SetProperty(d => d.BlobDigest, (string?)null));
        Assert.Equal([delta], (await CollectAsync()).Garbage.Select(g => g.Digest));
    }

    [Fact]
    public async Task What_a_push_under_way_found_there_stays()
    {
        byte[] config = "{}"u8.ToArray();
        await SendAsync(config);
        var layer = await SendAsync(Layer);
        MakeOld();

        // a client that pushes asks first, and does not send what is there
        using var head = await _server.Operator.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/v2/hostos/x/blobs/{layer}"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        var done = await CollectAsync();

        Assert.Equal([Digest.Of(config)], done.Garbage.Select(g => g.Digest));
        Assert.True(File.Exists(_server.BlobFile(layer)));
    }

    [Fact]
    public async Task What_a_new_manifest_names_is_as_new_as_the_manifest()
    {
        byte[] config = "{}"u8.ToArray();
        await SendAsync(config);
        var layer = await SendAsync(Layer);
        MakeOld();

        byte[] manifest = TestServer.Manifest(config, Layer);
        var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
        (await _server.Operator.PutAsync($"/v2/hostos/x/manifests/{Digest.Of(manifest)}", content)).EnsureSuccessStatusCode();

        Assert.True(File.GetLastWriteTimeUtc(_server.BlobFile(layer)) > DateTime.UtcNow.AddDays(-1));
        MakeOld();
        Assert.Equal(0, (await CollectAsync()).DeletedBlobs);
    }

    [Fact]
    public async Task Nothing_is_deleted_as_long_as_a_document_is_missing()
    {
        var release = await _server.ReleaseAsync("2.0.0");
        var garbage = await SendAsync(Layer);
        MakeOld();
        File.Delete(_server.BlobFile(release.Image));

        var done = await CollectAsync();

        Assert.Equal([release.Image], done.Unreadable);
        Assert.Equal((0, true), (done.DeletedBlobs, File.Exists(_server.BlobFile(garbage))));
    }

    [Fact]
    public async Task An_upload_that_nobody_went_on_with_ends_and_one_of_today_does_not()
    {
        (await _server.Operator.PostAsync("/v2/hostos/x/blobs/uploads/", null)).EnsureSuccessStatusCode();
        string left = Uploads().Single();
        (await _server.Operator.PostAsync("/v2/hostos/x/blobs/uploads/", null)).EnsureSuccessStatusCode();
        File.SetLastWriteTimeUtc(left, DateTime.UtcNow.AddDays(-30));
        string[] both = Uploads();

        await LookAsync();
        Assert.Equal(both, Uploads());
        await CollectAsync();

        Assert.Equal(both.Except([left]), Uploads());
    }

    [Fact]
    public async Task It_is_deleted_without_being_asked_for_unless_that_is_off()
    {
        var blob = await SendAsync(Layer);
        MakeOld();
        _server.Change = o => o with { DeltaWorkers = 0, GarbageInterval = TimeSpan.FromMilliseconds(1) };
        await _server.RestartAsync();

        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (File.Exists(_server.BlobFile(blob)))
            await _server.Nobody.GetStringAsync("/healthz", limit.Token);
    }

    [Fact]
    public async Task Only_who_runs_the_server_sees_it()
    {
        var other = await _server.OrganisationAsync();

        var error = await DeltaServer.RefusedAsync(await other.Operator.GetAsync("/api/v1/garbage"), HttpStatusCode.Forbidden);

        Assert.Equal("forbidden", error.Code);
    }

    [Fact]
    public async Task A_collection_that_was_asked_for_is_in_the_audit_log()
    {
        await CollectAsync();

        var entries = await _server.Operator.GetFromJsonAsync("/api/v1/audit?act=garbage.collect", WireJson.Default.PageAuditEntry);

        Assert.Equal(("blobs", "0 deleted, 0 bytes"), (entries!.Items.Single().Subject, entries.Items.Single().Detail));
    }

    private async Task<GarbageReport> LookAsync() => (await _server.Operator.GetFromJsonAsync("/api/v1/garbage", WireJson.Default.GarbageReport))!;

    private async Task<GarbageReport> CollectAsync()
    {
        using var answer = await _server.Operator.PostAsync("/api/v1/garbage/collect", null);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.GarbageReport))!;
    }

    private async Task<Digest> SendAsync(byte[] blob)
    {
        (await _server.Operator.PostAsync($"/v2/hostos/x/blobs/uploads/?digest={Digest.Of(blob)}", new ByteArrayContent(blob))).EnsureSuccessStatusCode();
        return Digest.Of(blob);
    }

    private async Task PublishUpdaterAsync()
    {
        byte[] program = "program"u8.ToArray();
        (await _server.Operator.PutAsync($"/api/v1/updaters/programs/{Digest.Of(program)}", new ByteArrayContent(program))).EnsureSuccessStatusCode();
        var statement = new UpdaterStatement { Version = "1.0.0", Digest = Digest.Of(program), Size = program.Length, Platform = "linux-x64" };
        var envelope = Envelope.Sign(UpdaterStatement.PayloadType, statement.ToJson(), _server.SigningKey);
        (await _server.Operator.PostAsync("/api/v1/updaters", new ByteArrayContent(envelope.ToJson()))).EnsureSuccessStatusCode();
    }

    private string[] Blobs() => [.. Directory.EnumerateFiles(Path.Combine(_server.Directory, "blobs"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private string[] Uploads() => [.. Directory.EnumerateFiles(Path.Combine(_server.Directory, "uploads")).Order(StringComparer.Ordinal)];

    private void MakeOld()
    {
        foreach (string file in Blobs())
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-30));
    }
}
