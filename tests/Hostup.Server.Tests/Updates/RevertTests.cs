using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>Back to the OS in the spare slot, and what is tried again because its end said nothing of the release.</summary>
public sealed class RevertTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_device_is_told_to_go_back_without_a_release()
    {
        var device = await server.DeviceAsync();
        var slots = new SlotReport[] { new("resin-rootA", "1.9.0", null, null), new("resin-rootB", "2.0.0", null, null) };
        await device.Http.PutAsJsonAsync("/device/v1/state", new DeviceStateReport { OsVersion = "2.0.0", AgentVersion = "0.2.0", RunningSlot = "resin-rootB", Slots = slots }, WireJson.Default.DeviceStateReport);

        var attempt = await RevertAsync(device, new RevertRequest { OverrideLocks = true, Policy = new PolicySettings { RebootWindow = "01:00-02:00" } });
        var target = (await device.PollAsync()).Target!;
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Trial);
        await device.ReportAsync(attempt.Id, 2, AttemptStates.Committed);

        Assert.Equal((attempt.Id, true, true, Digest.Of([])), (target.AttemptId, target.Revert, target.OverrideLocks, target.ReleaseEnvelope));
        Assert.Null(target.Updater);
        Assert.Equal("01:00-02:00", target.Policy.RebootWindow);
        Assert.Null((await device.PollAsync()).Target);
        var view = await server.AttemptAsync(attempt.Id);
        Assert.Equal((AttemptStates.Committed, true, "", "2.0.0", "1.9.0"), (view.Report.State, view.Revert, view.ReleaseId, view.FromVersion, view.Version));
    }

    [Fact]
    public async Task A_revert_takes_the_place_of_an_update_and_an_update_that_of_a_revert()
    {
        await server.ReleaseAsync("31.0.0");
        var device = await server.DeviceAsync();
        var update = await server.UpdateAsync(device, "31.0.0");

        var revert = await RevertAsync(device);
        Assert.Equal(AttemptStates.Superseded, (await server.AttemptAsync(update.Id)).Report.State);
        Assert.True((await device.PollAsync()).Target!.Revert);
        var later = await server.UpdateAsync(device, "31.0.0");

        Assert.Equal((later.Id, false), ((await device.PollAsync()).Target!.AttemptId, (await device.PollAsync()).Target!.Revert));
        Assert.True((await device.ReportAsync(revert.Id, 1, AttemptStates.Checking)).Superseded);
    }

    [Fact]
    public async Task A_retired_device_is_not_told_to_go_back()
    {
        var device = await server.DeviceAsync();
        (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/retire", null)).EnsureSuccessStatusCode();

        var answer = await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/revert", new RevertRequest(), WireJson.Default.RevertRequest);

        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
        Assert.Equal("conflict", (await TestServer.ErrorAsync(answer)).Code);
    }

    [Fact]
    public async Task An_attempt_that_was_inconclusive_is_tried_again_after_a_pause_that_grows()
    {
        await server.ReleaseAsync("32.0.0");
        var device = await server.DeviceAsync();
        string attempt = (await server.UpdateAsync(device, "32.0.0")).Id;
        var pauses = new List<double>();
        for (int i = 0; i < 6; i++)
        {
            await device.PollAsync();
            await device.ReportAsync(attempt, 1, AttemptStates.RolledBack, "inconclusive");
            var next = (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt!;
            Assert.Equal("later", (await server.Operator.GetFromJsonAsync($"/api/v1/attempts/{next.Id}/findings", WireJson.Default.AttemptView))!.Findings!.WhyNot?.Code);
            pauses.Add((next.NotBefore!.Value - server.Time.GetUtcNow()).TotalHours);

            Assert.NotEqual(attempt, next.Id);
            Assert.Contains($"attempt {attempt} was inconclusive", (await server.AttemptAsync(next.Id)).History.Single().Message, StringComparison.Ordinal);
            Assert.Null((await device.PollAsync()).Target);
            server.Time.Pass(next.NotBefore.Value - server.Time.GetUtcNow());
            Assert.Equal(next.Id, (await device.PollAsync()).Target!.AttemptId);
            attempt = next.Id;
        }
        await device.ReportAsync(attempt, 1, AttemptStates.Committed);

        Assert.Equal([1, 2, 4, 8, 16, 24], pauses);
        Assert.Null((await device.PollAsync()).Target);
    }

    [Theory]
    [InlineData(AttemptStates.RolledBack, "rollback-health")]
    [InlineData(AttemptStates.Failed, "inconclusive")]
    public async Task No_other_end_is_tried_again(string state, string code)
    {
        string version = state == AttemptStates.Failed ? "33.0.0" : "33.0.1";
        await server.ReleaseAsync(version);
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, version);
        await device.PollAsync();

        await device.ReportAsync(attempt.Id, 1, state, code);

        Assert.Null((await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt);
    }

    [Fact]
    public async Task What_the_operator_asked_for_meanwhile_goes_before_another_try_and_a_cancel_ends_it()
    {
        await server.ReleaseAsync("34.0.0");
        await server.ReleaseAsync("34.0.1");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "34.0.0");
        await device.PollAsync();
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Trial);
        var wanted = await server.UpdateAsync(device, "34.0.1");

        await device.ReportAsync(attempt.Id, 2, AttemptStates.RolledBack, "inconclusive");
        Assert.Equal(wanted.Id, (await device.PollAsync()).Target!.AttemptId);
        await device.ReportAsync(wanted.Id, 1, AttemptStates.RolledBack, "inconclusive");
        var next = (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt!;
        (await server.Operator.PostAsync($"/api/v1/attempts/{next.Id}/cancel", null)).EnsureSuccessStatusCode();
        server.Time.Pass(TimeSpan.FromHours(30));

        Assert.Equal("34.0.1", next.Version);
        Assert.Null((await device.PollAsync()).Target);
    }

    private Task<AttemptView> RevertAsync(TestDevice device, RevertRequest? request = null) =>
        server.PostAsync($"/api/v1/devices/{device.Uuid}/revert", request ?? new RevertRequest(), WireJson.Default.RevertRequest, WireJson.Default.AttemptView);
}
