using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>One release over all devices.</summary>
public sealed class OutcomeTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_release_tells_how_its_attempts_ended_on_which_part_of_the_devices_and_why()
    {
        await server.ReleaseAsync("41.0.0");
        await server.ReleaseAsync("41.1.0");
        TestDevice[] devices = [await server.DeviceAsync(), await server.DeviceAsync(), await server.DeviceAsync(), await server.DeviceAsync()];
        await EndAsync(devices[0], "41.0.0", AttemptStates.Committed);
        await EndAsync(devices[1], "41.0.0", AttemptStates.RolledBack, "rollback-health", "health check `vpn` failed 15 times: down; health check `engine` failed 15 times: no answer");
        await EndAsync(devices[1], "41.0.0", AttemptStates.Refused, "known-bad", "cannot update to 41.0.0: known-bad: this image was rolled back here before");
        server.Time.Pass(TimeSpan.FromHours(1));
        string last = await EndAsync(devices[2], "41.0.0", AttemptStates.RolledBack, "rollback-health", "health check `engine` failed 3 times: gone; health check `vpn` failed 3 times: down");
        await EndAsync(devices[2], "41.0.0", AttemptStates.RolledBack, "rollback-altboot", "the boot loader came back to resin-rootA");
        await EndAsync(devices[3], "41.0.0", AttemptStates.RolledBack, "inconclusive", "health check `server` failed 15 times: no route; the old OS fails the same: health check `server` failed 15 times: no route");
        await EndAsync(devices[0], "41.1.0", AttemptStates.Failed, "link", "cannot fetch the image");

        var outcomes = await OutcomesAsync("41.0.0");

        (string State, string? Code, string? Cause, int Attempts, int Devices)[] expected =
        [
            (AttemptStates.RolledBack, "rollback-health", "engine, vpn", 2, 2),
            (AttemptStates.Committed, null, null, 1, 1),
            (AttemptStates.Refused, "known-bad", null, 1, 1),
            (AttemptStates.RolledBack, "inconclusive", "server", 1, 1),
            (AttemptStates.RolledBack, "rollback-altboot", null, 1, 1),
        ];
        Assert.Equal(expected, outcomes.Ended.Select(o => (o.State, o.Code, o.Cause, o.Attempts, o.Devices)));
        Assert.Equal(("41.0.0", 1, 0), (outcomes.Version, outcomes.Open, outcomes.DevicesReverted)); // what was inconclusive is tried again
        Assert.Equal((last, server.Time.GetUtcNow()), (outcomes.Ended[0].LastAttempt, outcomes.Ended[0].LastAt));
        Assert.StartsWith("health check `engine` failed 3 times", outcomes.Ended[0].LastMessage, StringComparison.Ordinal);
        Assert.Null(outcomes.Ended[1].LastMessage);
    }

    [Fact]
    public async Task Who_asks_is_told_of_the_devices_that_they_see()
    {
        var other = await server.OrganisationAsync();
        await server.ReleaseAsync("43.0.0");
        await other.ReleaseAsync("43.0.0");
        await server.PostAsync("/api/v1/fleets", new FleetRequest("outcomes"), WireJson.Default.FleetRequest, WireJson.Default.FleetView);
        var (inside, outside, theirs) = (await server.DeviceAsync(), await server.DeviceAsync(), await other.DeviceAsync());
        (await server.Operator.PutAsJsonAsync($"/api/v1/devices/{inside.Uuid}/fleet", new DeviceFleetRequest("outcomes"), WireJson.Default.DeviceFleetRequest)).EnsureSuccessStatusCode();
        await EndAsync(inside, "43.0.0", AttemptStates.Committed);
        await EndAsync(outside, "43.0.0", AttemptStates.Committed);
        foreach (var (at, device) in ((TestServer, TestDevice)[])[(server, outside), (other, theirs)])
        {
            await device.Http.PutAsJsonAsync("/device/v1/state", new DeviceStateReport { OsVersion = "43.0.0", AgentVersion = "0.2.0", RunningSlot = "resin-rootA" }, WireJson.Default.DeviceStateReport);
            var revert = await at.PostAsync($"/api/v1/devices/{device.Uuid}/revert", new RevertRequest(), WireJson.Default.RevertRequest, WireJson.Default.AttemptView);
            await device.PollAsync();
            await device.ReportAsync(revert.Id, 1, AttemptStates.Committed);
        }
        string key = (await server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("one fleet") { Fleet = "outcomes" }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer)).Key;
        using var narrower = server.Client(key);

        var (all, fleet) = (await OutcomesAsync("43.0.0"), (await narrower.GetFromJsonAsync("/api/v1/releases/43.0.0/outcomes", WireJson.Default.ReleaseOutcomes))!);

        Assert.Equal((2, 1), (Assert.Single(all.Ended).Devices, all.DevicesReverted));
        Assert.Equal((1, 0), (Assert.Single(fleet.Ended).Devices, fleet.DevicesReverted));
    }

    [Fact]
    public async Task A_device_that_its_operator_took_back_from_it_counts_once()
    {
        await server.ReleaseAsync("42.0.0");
        var device = await server.DeviceAsync();
        var slots = new SlotReport[] { new("resin-rootA", "41.9.0", null, null), new("resin-rootB", "42.0.0", null, null) };
        await device.Http.PutAsJsonAsync("/device/v1/state", new DeviceStateReport { OsVersion = "42.0.0", AgentVersion = "0.2.0", RunningSlot = "resin-rootB", Slots = slots }, WireJson.Default.DeviceStateReport);
        foreach (string state in (string[])[AttemptStates.Refused, AttemptStates.Committed, AttemptStates.Committed])
        {
            var revert = await server.PostAsync($"/api/v1/devices/{device.Uuid}/revert", new RevertRequest(), WireJson.Default.RevertRequest, WireJson.Default.AttemptView);
            await device.PollAsync();
            await device.ReportAsync(revert.Id, 1, state);
        }

        var outcomes = await OutcomesAsync("42.0.0");

        Assert.Equal((0, 1), (outcomes.Open, outcomes.DevicesReverted));
        Assert.Empty(outcomes.Ended);
    }

    [Fact]
    public async Task Of_a_release_that_there_is_not_nothing_is_told()
    {
        var answer = await server.Operator.GetAsync("/api/v1/releases/0.0.0/outcomes");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("not-found", (await TestServer.ErrorAsync(answer)).Code);
    }

    private async Task<ReleaseOutcomes> OutcomesAsync(string version) =>
        (await server.Operator.GetFromJsonAsync($"/api/v1/releases/{version}/outcomes", WireJson.Default.ReleaseOutcomes))!;

    private async Task<string> EndAsync(TestDevice device, string version, string state, string? code = null, string? message = null)
    {
        var attempt = await server.UpdateAsync(device, version);
        await device.PollAsync();
        var report = new AttemptReport { Serial = 1, State = state, ErrorCode = code, Message = message };
        (await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();
        return attempt.Id;
    }
}
