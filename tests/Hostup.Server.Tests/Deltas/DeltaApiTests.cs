using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Delta.Repair;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Deltas;

/// <summary>What a device and an operator see of deltas on a real server, which builds them in its own processes.</summary>
public sealed class DeltaApiTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_device_that_asks_is_told_to_come_back_and_then_pulls_what_makes_the_signed_tree()
    {
        var (old, target) = (TestTree.Old("10.0.0"), TestTree.New("10.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server);
        var device = await TargetAsync(release);
        using var tree = await old.SpoolAsync();

        var first = await device.AskAsync(release, tree.Digest);
        var wait = (await first.Content.ReadFromJsonAsync(WireJson.Default.DeltaWait))!;
        string id = (await server.RequestAsync("10.0.0", "10.1.0")).Id;
        var built = await server.SettledAsync(id);
        var answer = await device.AskAsync(release, tree.Digest);

        Assert.Equal((HttpStatusCode.Accepted, DeltaStates.Queued), (first.StatusCode, wait.State));
        Assert.InRange(first.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 120);
        Assert.Equal((DeltaStates.Ready, 1, 1.0), (built.State, built.Tries, built.Progress));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var offer = (await answer.Content.ReadFromJsonAsync(WireJson.Default.DeltaOffer))!;
        Assert.Equal((built.Artifact!.Value, built.Bytes!.Value, built.Frames!.Value), (offer.Artifact!.Value, offer.Bytes, offer.Frames));
        Assert.InRange(offer.Bytes, 1, release.DownloadBytes / 5);
        var (blob, delta) = await server.PullAsync(device, offer);
        Assert.Equal((offer.Digest, offer.Bytes, "application/vnd.hostup.delta.v1"), (blob.Digest, (long)delta.Length, blob.MediaType));
        Assert.Equal(await target.DigestAsync(), await DeltaServer.ApplyAsync(delta, tree));
    }

    [Fact]
    public async Task The_artefact_names_the_image_that_it_leads_to_as_its_subject()
    {
        var (old, target) = (TestTree.Old("11.0.0"), TestTree.New("11.1.0"));
        await old.PublishAsync(server, signsLayers: true);
        var release = await target.PublishAsync(server, signsLayers: true);

        var built = await server.SettledAsync((await server.RequestAsync("11.0.0", "11.1.0")).Id);

        Assert.Equal(DeltaStates.Ready, built.State);
        byte[] image = await server.Operator.GetByteArrayAsync($"/v2/{TestTree.Repository}/manifests/{release.Image}");
        var answer = await server.Operator.GetAsync($"/v2/{TestTree.Repository}/manifests/{built.Artifact}");
        var manifest = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("application/vnd.oci.image.manifest.v1+json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal("application/vnd.hostup.delta.v1", (string?)manifest["artifactType"]);
        Assert.Equal((release.Image.ToString(), image.Length), ((string?)manifest["subject"]!["digest"], (int)manifest["subject"]!["size"]!));
        Assert.Equal("application/vnd.oci.empty.v1+json", (string?)manifest["config"]!["mediaType"]);
        Assert.Equal((await old.DigestAsync()).ToString(), (string?)manifest["annotations"]!["vnd.hostup.delta.from"]);
        Assert.Equal("{}", await server.Operator.GetStringAsync($"/v2/{TestTree.Repository}/blobs/{manifest["config"]!["digest"]}"));
    }

    [Fact]
    public async Task The_artefact_of_a_framed_image_says_where_its_contents_lie()
    {
        var (old, target) = (TestTree.Old("11.2.0"), TestTree.New("11.3.0"));
        await old.PublishAsync(server);
        await target.PublishAsync(server, framed: true);

        var built = await server.SettledAsync((await server.RequestAsync("11.2.0", "11.3.0")).Id);

        var manifest = JsonNode.Parse(await server.Operator.GetStringAsync($"/v2/{TestTree.Repository}/manifests/{built.Artifact}"))!;
        var layers = manifest["layers"]!.AsArray();
        Assert.Equal(["application/vnd.hostup.delta.v1", "application/vnd.hostup.delta.repair.v1"], layers.Select(l => (string?)l!["mediaType"]));
        var list = RepairList.Read(await server.Operator.GetByteArrayAsync($"/v2/{TestTree.Repository}/blobs/{layers[1]!["digest"]}"));
        Assert.Equal(target.Files.Length, list.Count);
        Assert.Equal(target.Files.Length, Enumerable.Range(0, list.Count).Select(i => list[i].Place!.Offset).Distinct().Count());
    }

    [Fact]
    public async Task Many_devices_that_ask_at_once_get_one_delta_that_is_built_once()
    {
        var (old, target) = (TestTree.Old("12.0.0"), TestTree.New("12.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server);
        var tree = await old.DigestAsync();
        var devices = new List<TestDevice>();
        for (int n = 0; n < 8; n++)
            devices.Add(await TargetAsync(release));

        var answers = await Task.WhenAll(devices.Concat(devices).Select(d => d.AskAsync(release, tree)));

        Assert.All(answers, a => Assert.True(a.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.OK));
        var only = Assert.Single(await server.DeltasAsync(), d => d.ToRelease == release.Id);
        var built = await server.SettledAsync(only.Id);
        Assert.Equal((DeltaStates.Ready, 1), (built.State, built.Tries));
        Assert.All(await Task.WhenAll(devices.Select(d => d.AskAsync(release, tree))), a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
    }

    [Fact]
    public async Task A_foreign_device_gets_nothing_and_asks_for_nothing()
    {
        var (old, target) = (TestTree.Old("13.0.0"), TestTree.New("13.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server);
        var tree = await old.DigestAsync();
        var device = await TargetAsync(release);
        var foreign = await server.DeviceAsync();

        Assert.Equal("not-found", (await DeltaServer.RefusedAsync(await foreign.AskAsync(release, tree), HttpStatusCode.NotFound)).Code);
        Assert.Equal("unauthorized", (await DeltaServer.RefusedAsync(await server.Nobody.GetAsync($"/device/v1/deltas/{release.Image}?from={tree}"), HttpStatusCode.Unauthorized)).Code);
        Assert.Equal("forbidden", (await DeltaServer.RefusedAsync(await server.Operator.GetAsync($"/device/v1/deltas/{release.Image}?from={tree}"), HttpStatusCode.Forbidden)).Code);
        Assert.Equal("forbidden", (await DeltaServer.RefusedAsync(await device.Http.GetAsync("/api/v1/deltas"), HttpStatusCode.Forbidden)).Code);
        Assert.DoesNotContain(await server.DeltasAsync(), d => d.ToRelease == release.Id);

        string attempt = (await device.PollAsync()).Target!.AttemptId;
        await device.ReportAsync(attempt, 1, AttemptStates.Failed, "slot-write");
        Assert.Equal("not-found", (await DeltaServer.RefusedAsync(await device.AskAsync(release, tree), HttpStatusCode.NotFound)).Code);
        Assert.DoesNotContain(await server.DeltasAsync(), d => d.ToRelease == release.Id);
    }

    [Fact]
    public async Task A_tree_that_no_release_of_the_type_has_or_that_is_the_target_gets_no_delta()
    {
        var (old, target) = (TestTree.Old("14.0.0"), TestTree.New("14.1.0"));
        await old.PublishAsync(server, deviceType: "raspberrypi4-64");
        var release = await target.PublishAsync(server);
        var device = await TargetAsync(release);

        foreach (var (tree, why) in (ValueTuple<Digest, string>[])[(Digest.Of("a home-made tree"u8), "no release"), (await old.DigestAsync(), "no release"), (await target.DigestAsync(), "that very tree")])
        {
            var refusal = await DeltaServer.RefusedAsync(await device.AskAsync(release, tree), HttpStatusCode.NotFound);
            Assert.Equal("no-delta", refusal.Code);
            Assert.Contains(why, refusal.Title, StringComparison.Ordinal);
        }
        Assert.Equal(HttpStatusCode.BadRequest, (await device.Http.GetAsync($"/device/v1/deltas/{release.Image}?from=nonsense")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await device.Http.GetAsync($"/device/v1/deltas/{release.Image}")).StatusCode);
    }

    [Fact]
    public async Task A_delta_that_saves_too_little_is_remembered_and_refused_with_its_sizes()
    {
        var (old, target) = (TestTree.Old("15.0.0"), TestTree.New("15.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server, downloadBytes: 2_000);
        var device = await TargetAsync(release);
        var tree = await old.DigestAsync();
        await device.AskAsync(release, tree);
        string id = (await server.DeltasAsync()).Single(d => d.ToRelease == release.Id).Id;

        var built = await server.SettledAsync(id);

        Assert.Equal((DeltaStates.NotWorth, 1), (built.State, built.Tries));
        Assert.Null(built.Artifact);
        Assert.True(built.Bytes >= 0.8 * 2_000);
        var refusal = await DeltaServer.RefusedAsync(await device.AskAsync(release, tree), HttpStatusCode.NotFound);
        Assert.Equal("no-delta", refusal.Code);
        Assert.Contains("the full image has 2.0 KiB", refusal.Title, StringComparison.Ordinal);
        Assert.Equal(built, await server.ShowAsync(id));
    }

    [Fact]
    public async Task A_delta_that_does_not_give_the_signed_tree_has_failed_and_is_never_offered()
    {
        var (old, target) = (TestTree.Old("16.0.0"), TestTree.New("16.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server, tree: Digest.Of("another tree"u8));
        var device = await TargetAsync(release);
        var tree = await old.DigestAsync();
        await device.AskAsync(release, tree);

        var built = await server.SettledAsync((await server.DeltasAsync()).Single(d => d.ToRelease == release.Id).Id);

        Assert.Equal((DeltaStates.Failed, "digest-mismatch", 1), (built.State, built.ErrorCode!, built.Tries));
        Assert.Null(built.Artifact);
        Assert.Contains("cannot offer the delta: it gives the tree", built.Error, StringComparison.Ordinal);
        Assert.Equal("no-delta", (await DeltaServer.RefusedAsync(await device.AskAsync(release, tree), HttpStatusCode.NotFound)).Code);
        await using var db = server.Database();
        Assert.False(await db.Deltas.AnyAsync(d => d.ToReleaseId == release.Id && d.BlobDigest != null));
    }

    [Fact]
    public async Task An_operator_is_told_why_a_pair_of_releases_has_no_delta()
    {
        await TestTree.Old("17.0.0").PublishAsync(server);
        var target = TestTree.New("17.1.0");
        var release = await target.PublishAsync(server);
        await target.PublishAsync(server, signsLayers: true);
        await TestTree.New("17.2.0").PublishAsync(server, deviceType: "raspberrypi4-64");
        await TestTree.Old("17.3.0").PublishAsync(server);
        await TestTree.Old("17.3.0").PublishAsync(server, deviceType: "raspberrypi4-64");
        await TestTree.New("17.4.0").PublishAsync(server, deviceType: "raspberrypi4-64");
        await TestTree.New("17.4.0").PublishAsync(server);

        foreach (var (from, to, code) in (ValueTuple<string, string, string>[])
            [("17.0.0", "9.9.9", "not-found"), ("9.9.9", "17.1.0", "not-found"), (release.Id, "17.1.0", "bad-value"), ("17.0.0", "17.2.0", "device-type"), ("17.3.0", "17.4.0", "conflict")])
        {
            var answer = await server.Operator.PostAsJsonAsync("/api/v1/deltas", new DeltaRequest(from, to), WireJson.Default.DeltaRequest);
            Assert.Equal((code, $"{from} {to}"), ((await TestServer.ErrorAsync(answer)).Code, $"{from} {to}"));
        }
        await server.Operator.PostAsJsonAsync($"/api/v1/releases/{release.Id}/invalidate", new InvalidateRequest("bad"), WireJson.Default.InvalidateRequest);
        Assert.Equal("invalidated", (await TestServer.ErrorAsync(await server.Operator.PostAsJsonAsync("/api/v1/deltas", new DeltaRequest("17.0.0", release.Id), WireJson.Default.DeltaRequest))).Code);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync($"/api/v1/deltas/{Guid.NewGuid():n}")).StatusCode);
    }

    /// <summary>A device that is to run a release.</summary>
    private async Task<TestDevice> TargetAsync(ReleaseView release)
    {
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, release.Id);
        return device;
    }
}
