using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;
using Hostup.Server.Tests.Deltas;

namespace Hostup.Server.Tests.Releases;

/// <summary>Releases that are here and offered to nobody yet.</summary>
public sealed class DraftTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task No_device_is_updated_to_a_draft_until_it_is_offered()
    {
        var device = await _server.DeviceAsync();
        var draft = await DraftAsync("2.0.0", "one"u8.ToArray());
        Assert.True((await ShowAsync(draft.Id)).IsDraft);

        foreach (string path in (string[])["updates", "updates/estimate", "target"])
        {
            using var request = new HttpRequestMessage(path == "target" ? HttpMethod.Put : HttpMethod.Post, $"/api/v1/devices/{device.Uuid}/{path}") { Content = JsonContent.Create(new UpdateRequest { Release = "2.0.0" }, WireJson.Default.UpdateRequest) };
            var error = await DeltaServer.RefusedAsync(await _server.Operator.SendAsync(request), HttpStatusCode.Conflict);
            Assert.Equal(("conflict", true, true), (error.Code, error.Title.Contains("draft", StringComparison.Ordinal), error.Detail.Contains($"hostup release offer {draft.Id}", StringComparison.Ordinal)));
        }
        Assert.Null((await device.PollAsync()).Target);

        Assert.False((await OfferAsync(draft.Id)).IsDraft);
        var attempt = await _server.UpdateAsync(device, "2.0.0");
        Assert.Equal(attempt.Id, (await device.PollAsync()).Target!.AttemptId);
    }

    [Fact]
    public async Task A_draft_does_not_take_the_place_of_a_release_of_its_version()
    {
        var device = await _server.DeviceAsync();
        var offered = await _server.ReleaseAsync("2.0.0");
        await DraftAsync("2.0.0", "another one"u8.ToArray());

        Assert.Equal(offered.Id, (await _server.UpdateAsync(device, "2.0.0")).ReleaseId);
    }

    [Fact]
    public async Task The_same_envelope_again_changes_nothing_and_neither_does_another_offer()
    {
        var image = await _server.PushAsync("hostos/x", "one"u8.ToArray());
        byte[] envelope = _server.Sign("2.0.0", image);
        var release = await _server.PublishAsync(envelope);

        Assert.Equal(release, await PublishAsync(envelope, "?draft=true"));
        Assert.Equal(release, await OfferAsync(release.Id));
        var audit = await _server.Operator.GetFromJsonAsync("/api/v1/audit?act=release.offer", WireJson.Default.PageAuditEntry);
        Assert.Equal(($"release {release.Id}", "it was offered before"), (audit!.Items.Single().Subject, audit.Items.Single().Detail));
    }

    [Fact]
    public async Task A_draft_that_was_invalidated_is_not_offered()
    {
        var draft = await DraftAsync("2.0.0", "one"u8.ToArray());
        await _server.PostAsync($"/api/v1/releases/{draft.Id}/invalidate", new InvalidateRequest("wrong kernel"), WireJson.Default.InvalidateRequest, WireJson.Default.ReleaseView);

        var error = await DeltaServer.RefusedAsync(await _server.Operator.PostAsync($"/api/v1/releases/{draft.Id}/offer", null), HttpStatusCode.Conflict);

        Assert.Equal("invalidated", error.Code);
    }

    private async Task<ReleaseView> DraftAsync(string version, byte[] layer) =>
        await PublishAsync(_server.Sign(version, await _server.PushAsync("hostos/x", layer)), "?draft=true");

    private async Task<ReleaseView> PublishAsync(byte[] envelope, string query)
    {
        using var answer = await _server.Operator.PostAsync("/api/v1/releases" + query, new ByteArrayContent(envelope));
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ReleaseView))!;
    }

    private async Task<ReleaseView> OfferAsync(string id)
    {
        using var answer = await _server.Operator.PostAsync($"/api/v1/releases/{id}/offer", null);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ReleaseView))!;
    }

    private async Task<ReleaseView> ShowAsync(string id) => (await _server.Operator.GetFromJsonAsync($"/api/v1/releases/{id}", WireJson.Default.ReleaseView))!;
}
