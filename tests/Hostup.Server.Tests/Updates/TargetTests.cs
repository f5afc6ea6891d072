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

    [Theory]
    [InlineData("Anna", "Anna")]
    [InlineData("", "key ")]
    public async Task Who_declared_it_has_the_name_of_the_audit_log_or_that_of_the_key(string description, string name)
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("54.0.0");
        var key = await server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest(description), WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        using var client = server.Client(key.Key);

        (await client.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/target", new TargetRequest("54.0.0", null), WireJson.Default.TargetRequest)).EnsureSuccessStatusCode();

        Assert.Equal(name == "key " ? name + key.Id : name, (await ViewAsync(device)).Target?.By);
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
    public async Task A_device_that_is_to_stay_at_what_it_runs_is_stopped_on_its_way_elsewhere()
    {
        var device = await server.DeviceAsync();
        string attempt = await OnItsWayAsync(device, "57.0.0", AttemptStates.Downloading);

        await DeclareAsync(device, "57.0.0", "stay there");

        Assert.Equal((attempt, true), (await device.PollAsync()).Target is { } target ? (target.AttemptId, target.Cancel) : default);
        await device.ReportAsync(attempt, 2, AttemptStates.Cancelled, "cancelled");
        var view = await ViewAsync(device);
        Assert.Equal(("57.0.0", null), (view.Target?.Version, view.WhyNot));
        Assert.Null(view.OpenAttempt);
    }

    [Fact]
    public async Task A_device_that_has_another_os_on_trial_is_brought_back_by_an_attempt()
    {
        var device = await server.DeviceAsync();
        string attempt = await OnItsWayAsync(device, "58.0.0", AttemptStates.Trial);

        await DeclareAsync(device, "58.0.0", null);

        Assert.False((await server.AttemptAsync(attempt)).CancelAsked);
        Assert.Equal("58.0.0", (await device.PollAsync()).Target?.Version);
    }

    [Fact]
    public async Task Set_back_a_device_gives_up_also_what_another_attempt_took_the_place_of()
    {
        var device = await server.DeviceAsync();
        string attempt = await OnItsWayAsync(device, "59.0.0", AttemptStates.Downloading);
        await server.ReleaseAsync("59.0.9");
        await DeclareAsync(device, "59.0.9", null);

        (await server.Operator.DeleteAsync($"/api/v1/devices/{device.Uuid}/target")).EnsureSuccessStatusCode();

        Assert.True((await server.AttemptAsync(attempt)).CancelAsked);
        Assert.Null((await device.PollAsync()).Target);
    }

    [Fact]
    public async Task A_cancel_of_what_is_superseded_leaves_the_target_also_when_both_lead_to_one_release()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("56.0.0");
        await DeclareAsync(device, "56.0.0", null);
        string old = (await device.PollAsync()).Target!.AttemptId;
        await device.ReportAsync(old, 1, AttemptStates.Downloading);
        await server.UpdateAsync(device, "56.0.0");

        (await server.Operator.PostAsync($"/api/v1/attempts/{old}/cancel", null)).EnsureSuccessStatusCode();

        Assert.Equal("56.0.0", (await ViewAsync(device)).Target?.Version);
    }

    [Fact]
    public async Task For_a_device_that_was_retired_nothing_is_declared()
    {
        var device = await server.DeviceAsync();
        var release = await server.ReleaseAsync("55.0.0");
        await RunAsync(device, "55.0.0", release.Image);
        (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/retire", null)).EnsureSuccessStatusCode();

        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync(device, "55.0.0", null)).StatusCode);
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

    /// <summary>A device that runs one release and is on its way to a newer one.</summary>
    /// <returns>The attempt.</returns>
    private async Task<string> OnItsWayAsync(TestDevice device, string runs, string state)
    {
        await RunAsync(device, runs, (await server.ReleaseAsync(runs)).Image);
        await server.ReleaseAsync(runs[..^1] + "1");
        await DeclareAsync(device, runs[..^1] + "1", null);
        string attempt = (await device.PollAsync()).Target!.AttemptId;
        await device.ReportAsync(attempt, 1, state);
        return attempt;
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
