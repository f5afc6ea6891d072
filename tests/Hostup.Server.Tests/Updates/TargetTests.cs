using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>A target is declared, by whom, when and why; attempts come of it.</summary>
public sealed class TargetTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_declared_target_says_who_when_and_why_and_a_device_that_was_offline_hears_of_it()
    {
        var device = await server.DeviceAsync();
        var release = await server.ReleaseAsync("60.0.0");

        var declared = await DeclareAsync(device, "60.0.0", "kernel fix");

        Assert.Equal(new DeclaredTarget(release.Id, "60.0.0", "made at first start", server.Time.GetUtcNow(), "kernel fix"), declared);
        Assert.Equal(declared, (await ViewAsync(device)).Target);
        server.Time.Pass(TimeSpan.FromDays(9));
        Assert.Equal("60.0.0", (await device.PollAsync()).Target?.Version);
    }

    [Fact]
    public async Task A_target_that_is_declared_again_keeps_its_attempt_and_changes_the_reason()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("61.0.0");
        await DeclareAsync(device, "61.0.0", "first");
        string attempt = (await ViewAsync(device)).OpenAttempt!.Id;

        var again = await DeclareAsync(device, "61.0.0", "second");

        Assert.Equal("second", again.Why);
        Assert.Equal(attempt, (await ViewAsync(device)).OpenAttempt?.Id);
    }

    [Fact]
    public async Task A_target_stays_declared_when_its_attempt_fails_and_is_tried_anew_when_declared_again()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("62.0.0");
        await DeclareAsync(device, "62.0.0", null);
        string first = (await device.PollAsync()).Target!.AttemptId;
        await device.ReportAsync(first, 1, AttemptStates.Refused, "boot-space");

        var view = await ViewAsync(device);
        await DeclareAsync(device, "62.0.0", "there is room now");

        Assert.Equal("62.0.0", view.Target?.Version);
        Assert.Equal("refused `boot-space`, the boot partition has too little room: because", view.WhyNot?.Sentence);
        Assert.NotEqual(first, (await device.PollAsync()).Target?.AttemptId);
    }

    [Fact]
    public async Task A_device_that_runs_the_release_is_not_updated_to_it()
    {
        var device = await server.DeviceAsync();
        var release = await server.ReleaseAsync("63.0.0");
        await RunAsync(device, "63.0.0", release.Image);

        await DeclareAsync(device, "63.0.0", "keep it there");

        Assert.Null((await device.PollAsync()).Target);
        var view = await ViewAsync(device);
        Assert.Equal("keep it there", view.Target?.Why);
        Assert.Null(view.WhyNot);
        await RunAsync(device, "62.9.0", Digest.Of("another"u8));
        Assert.Equal("runs 62.9.0, and nothing is on its way to 63.0.0", (await ViewAsync(device)).WhyNot?.Sentence);
    }

    [Fact]
    public async Task A_failure_is_no_reason_any_more_when_another_target_is_declared_or_none()
    {
        var device = await server.DeviceAsync();
        var runs = await server.ReleaseAsync("69.0.0");
        await server.ReleaseAsync("69.0.1");
        await RunAsync(device, "69.0.0", runs.Image);
        await DeclareAsync(device, "69.0.1", null);
        await device.ReportAsync((await device.PollAsync()).Target!.AttemptId, 1, AttemptStates.Failed, "slot-write");
        Assert.Equal("slot-write", (await ViewAsync(device)).WhyNot?.Code);

        await DeclareAsync(device, "69.0.0", null);
        Assert.Null((await ViewAsync(device)).WhyNot);
        await DeclareAsync(device, "69.0.1", null);
        await device.ReportAsync((await device.PollAsync()).Target!.AttemptId, 1, AttemptStates.Failed, "slot-write");
        (await server.Operator.DeleteAsync($"/api/v1/devices/{device.Uuid}/target")).EnsureSuccessStatusCode();

        Assert.Null((await ViewAsync(device)).WhyNot);
    }

    [Fact]
    public async Task Set_back_a_device_has_no_target_and_nothing_on_its_way()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("64.0.0");
        await DeclareAsync(device, "64.0.0", null);

        (await server.Operator.DeleteAsync($"/api/v1/devices/{device.Uuid}/target")).EnsureSuccessStatusCode();

        var view = await ViewAsync(device);
        Assert.Null(view.Target);
        Assert.Null(view.OpenAttempt);
        Assert.Null((await device.PollAsync()).Target);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync($"/api/v1/devices/{device.Uuid}/target")).StatusCode);
    }

    [Fact]
    public async Task What_is_on_trial_cannot_be_set_back_and_stays_declared()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("65.0.0");
        await DeclareAsync(device, "65.0.0", null);
        await device.ReportAsync((await device.PollAsync()).Target!.AttemptId, 1, AttemptStates.Trial);

        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.DeleteAsync($"/api/v1/devices/{device.Uuid}/target")).StatusCode);

        Assert.Equal("65.0.0", (await ViewAsync(device)).Target?.Version);
    }

    [Fact]
    public async Task An_update_declares_its_release_and_its_cancel_sets_it_back()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("66.0.0");
        var attempt = await server.PostAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "66.0.0", Why = "asked for by the owner" }, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView);
        Assert.Equal("asked for by the owner", (await ViewAsync(device)).Target?.Why);

        (await server.Operator.PostAsync($"/api/v1/attempts/{attempt.Id}/cancel", null)).EnsureSuccessStatusCode();

        Assert.Null((await ViewAsync(device)).Target);
    }

    [Fact]
    public async Task A_cancel_of_what_is_superseded_leaves_the_newer_target()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("67.0.0");
        await server.ReleaseAsync("67.0.1");
        await DeclareAsync(device, "67.0.0", null);
        string old = (await device.PollAsync()).Target!.AttemptId;
        await device.ReportAsync(old, 1, AttemptStates.Downloading);
        await DeclareAsync(device, "67.0.1", null);

        (await server.Operator.PostAsync($"/api/v1/attempts/{old}/cancel", null)).EnsureSuccessStatusCode();

        Assert.Equal("67.0.1", (await ViewAsync(device)).Target?.Version);
    }

    [Fact]
    public async Task A_reason_without_end_is_refused_and_starts_nothing()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("68.0.0");

        var answer = await PutAsync(device, "68.0.0", new string('x', 501));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Null((await ViewAsync(device)).OpenAttempt);
    }

    private static async Task RunAsync(TestDevice device, string version, Digest image)
    {
        var state = new DeviceStateReport { OsVersion = version, AgentVersion = "1", RunningSlot = "resin-rootA", Slots = [new SlotReport("resin-rootA", version, image, null)] };
        (await device.Http.PutAsJsonAsync("/device/v1/state", state, WireJson.Default.DeviceStateReport)).EnsureSuccessStatusCode();
    }

    private Task<HttpResponseMessage> PutAsync(TestDevice device, string release, string? why) =>
        server.Operator.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/target", new TargetRequest(release, why), WireJson.Default.TargetRequest);

    private async Task<DeclaredTarget> DeclareAsync(TestDevice device, string release, string? why)
    {
        var answer = await PutAsync(device, release, why);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.DeclaredTarget))!;
    }

    private async Task<DeviceView> ViewAsync(TestDevice device) =>
        (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!;
}
