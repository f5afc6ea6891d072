using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Policies;

public sealed class PolicyTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task What_is_said_for_an_attempt_its_device_and_all_reaches_the_device_in_that_order()
    {
        await server.ReleaseAsync("21.0.0");
        var device = await server.DeviceAsync();
        await PutAsync("/api/v1/policy", new PolicySettings { RebootWindow = "01:00-02:00", ByteBudget = 5, PatienceSeconds = 77, PollSeconds = 600 });
        await PutAsync($"/api/v1/devices/{device.Uuid}/policy", new PolicySettings { RebootWindow = "03:00-04:00 Europe/Berlin", WaitsWhileMetered = true });

        var attempt = await server.PostAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "21.0.0", Policy = new PolicySettings { DownloadOnly = true, ByteBudget = 9 } }, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView);

        var poll = await device.PollAsync();
        Assert.Equal(new UpdatePolicy { DownloadOnly = true, ByteBudget = 9, RebootWindow = "03:00-04:00 Europe/Berlin", WaitsWhileMetered = true, PatienceSeconds = 77 }, poll.Target!.Policy);
        Assert.Equal(600, poll.IntervalSeconds);
        Assert.Equal(new PolicySettings { DownloadOnly = true, ByteBudget = 9 }, attempt.Policy);
        await PutAsync("/api/v1/policy", new PolicySettings());
        Assert.Equal(900, (await device.PollAsync()).IntervalSeconds);
    }

    [Fact]
    public async Task A_change_on_the_way_changes_the_target_and_is_in_the_history()
    {
        await server.ReleaseAsync("22.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "22.0.0");
        var before = await device.Http.GetAsync("/device/v1/poll");

        await PutAsync($"/api/v1/attempts/{attempt.Id}/policy", new PolicySettings { DownloadOnly = true });

        var after = await device.Http.GetAsync("/device/v1/poll");
        Assert.NotEqual(before.Headers.ETag, after.Headers.ETag);
        Assert.True((await device.PollAsync()).Target!.Policy.DownloadOnly);
        var view = await server.AttemptAsync(attempt.Id);
        Assert.True(view.Serial > attempt.Serial);
        Assert.Contains(view.History, e => e.Message == "the operator changed the policy");
    }

    [Theory]
    [InlineData("at night")]
    [InlineData("22:00-04:00 Mars/Olympus")]
    public async Task A_window_that_is_none_is_refused_wherever_it_is_said(string window)
    {
        await server.ReleaseAsync($"23.0.{window.Length}");
        var device = await server.DeviceAsync();
        var wrong = new PolicySettings { DownloadWindow = window };
        var attempt = await server.UpdateAsync(device, $"23.0.{window.Length}");

        foreach (string path in (string[])["/api/v1/policy", $"/api/v1/devices/{device.Uuid}/policy", $"/api/v1/attempts/{attempt.Id}/policy"])
            Assert.Equal("bad-value", (await TestServer.ErrorAsync(await server.Operator.PutAsJsonAsync(path, wrong, WireJson.Default.PolicySettings))).Code);
        var start = await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = $"23.0.{window.Length}", Policy = wrong }, WireJson.Default.UpdateRequest);
        Assert.Equal(HttpStatusCode.BadRequest, start.StatusCode);
    }

    [Fact]
    public async Task The_policy_of_an_attempt_that_has_ended_is_not_changed()
    {
        await server.ReleaseAsync("24.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "24.0.0");
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Failed, "link");

        var answer = await server.Operator.PutAsJsonAsync($"/api/v1/attempts/{attempt.Id}/policy", new PolicySettings { DownloadOnly = false }, WireJson.Default.PolicySettings);

        Assert.Equal("conflict", (await TestServer.ErrorAsync(answer)).Code);
    }

    [Fact]
    public async Task A_device_shows_the_account_of_its_last_attempt_after_its_end()
    {
        await server.ReleaseAsync("25.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "25.0.0");
        var report = new AttemptReport { Serial = 1, State = AttemptStates.Committed, Bytes = [new CauseBytes("registry", 1000, 10), new CauseBytes("unexplained", 50, 20)] };
        (await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();

        var view = (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!;

        Assert.Null(view.OpenAttempt);
        Assert.Equal(attempt.Id, view.LastAttempt!.Id);
        Assert.Equal(report.Bytes, view.LastAttempt.Report.Bytes);
    }

    private async Task PutAsync(string path, PolicySettings settings) =>
        (await server.Operator.PutAsJsonAsync(path, settings, WireJson.Default.PolicySettings)).EnsureSuccessStatusCode();
}
