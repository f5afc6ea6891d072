using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Releases;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>What an operator wants of an attempt that runs, and how the server tells a stuck one from one that takes long.</summary>
public sealed class OperatorWishesTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_running_attempt_hears_that_another_took_its_place_and_ends()
    {
        var (device, old) = await RunningAsync("20.0.0");
        await server.ReleaseAsync("20.0.1");
        Assert.False((await device.ReportAsync(old.Id, 2, AttemptStates.Downloading)).Superseded);

        var current = await server.UpdateAsync(device, "20.0.1");
        var heard = await device.ReportAsync(old.Id, 3, AttemptStates.Downloading);
        var ended = await device.ReportAsync(old.Id, 4, AttemptStates.Superseded, "superseded");

        Assert.True(heard.Superseded);
        Assert.False(heard.Cancel);
        Assert.Equal(AttemptStates.Superseded, ended.State);
        Assert.Equal(current.Id, (await device.PollAsync()).Target!.AttemptId);
        Assert.False((await device.ReportAsync(current.Id, 1, AttemptStates.Checking)).Superseded);
    }

    [Fact]
    public async Task A_late_report_of_an_old_attempt_changes_neither_it_nor_the_new_one()
    {
        var (device, old) = await RunningAsync("21.0.0");
        await server.ReleaseAsync("21.0.1");
        var current = await server.UpdateAsync(device, "21.0.1");
        await device.ReportAsync(old.Id, 5, AttemptStates.Superseded, "superseded");
        await device.ReportAsync(current.Id, 1, AttemptStates.Checking);
        var before = (await server.AttemptAsync(old.Id), await server.AttemptAsync(current.Id));

        var late = await device.ReportAsync(old.Id, 9, AttemptStates.Failed, "link");

        Assert.Equal(AttemptStates.Superseded, late.State);
        var after = (await server.AttemptAsync(old.Id), await server.AttemptAsync(current.Id));
        Assert.Equal((before.Item1.Serial, before.Item1.EndedAt, before.Item2.Serial, before.Item2.Report.State), (after.Item1.Serial, after.Item1.EndedAt, after.Item2.Serial, after.Item2.Report.State));
        Assert.Equal(current.Id, (await device.PollAsync()).Target!.AttemptId);
    }

    [Fact]
    public async Task An_override_reaches_the_device_with_the_target_or_later_and_is_in_the_history()
    {
        var (device, attempt) = await RunningAsync("22.0.0");
        Assert.False((await device.ReportAsync(attempt.Id, 2, AttemptStates.WaitingForLock)).OverrideLocks);

        var asked = await PostAsync(attempt.Id);
        await PostAsync(attempt.Id);

        Assert.True(asked.OverrideLocks);
        Assert.True((await device.PollAsync()).Target!.OverrideLocks);
        Assert.True((await device.ReportAsync(attempt.Id, 3, AttemptStates.WaitingForLock)).OverrideLocks);
        Assert.Single((await server.AttemptAsync(attempt.Id)).History, e => e.Message?.Contains("overrides the update locks", StringComparison.Ordinal) == true);
        await device.ReportAsync(attempt.Id, 4, AttemptStates.Committed);
        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.PostAsync($"/api/v1/attempts/{attempt.Id}/override-locks", null)).StatusCode);

        var next = await server.PostAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "22.0.0", OverrideLocks = true }, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView);
        Assert.True(next.OverrideLocks);
        Assert.True((await device.PollAsync()).Target!.OverrideLocks);
    }

    [Fact]
    public async Task A_held_lock_is_named_with_holder_and_since_when()
    {
        var (device, attempt) = await RunningAsync("23.0.0");
        var held = new LockReport("backup", "/tmp/x/updates.lock", "process 512 rsync", DateTimeOffset.UnixEpoch);
        var report = new AttemptReport { Serial = 2, State = AttemptStates.WaitingForLock, Message = "held by lock `backup` (process 512 rsync) since 3 h", Lock = held };

        await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport);

        var view = await server.AttemptAsync(attempt.Id);
        Assert.Equal(held, view.Report.Lock);
        Assert.Equal("held by lock `backup` (process 512 rsync) since 3 h", view.Report.Message);
        Assert.Equal(new UpstreamProgress(100, "Reboot waiting on application lock"), view.Upstream);
    }

    [Fact]
    public async Task A_stuck_attempt_of_a_device_that_polls_is_told_from_a_device_that_is_away()
    {
        var (device, attempt) = await RunningAsync("24.0.0");
        var reported = server.Time.GetUtcNow();
        server.Time.Pass(TimeSpan.FromMinutes(44));
        Assert.Null((await server.AttemptAsync(attempt.Id)).Silence);

        server.Time.Pass(TimeSpan.FromMinutes(2));
        Assert.Equal(new AttemptSilence(reported, DeviceHeardOf: false), (await server.AttemptAsync(attempt.Id)).Silence);
        await device.PollAsync();
        Assert.Equal(new AttemptSilence(reported, DeviceHeardOf: true), (await server.AttemptAsync(attempt.Id)).Silence);
        Assert.True((await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt!.Silence!.DeviceHeardOf);

        await device.ReportAsync(attempt.Id, 2, AttemptStates.Verifying);
        Assert.Null((await server.AttemptAsync(attempt.Id)).Silence);
    }

    [Fact]
    public async Task A_trial_is_stuck_only_when_its_release_gave_it_no_more_time()
    {
        // two hours of checks, each with 20 s for an engine that does not answer
        var (device, attempt) = await RunningAsync("25.0.0", new HealthSettings { IntervalSeconds = 600, Count = 12 });
        await device.ReportAsync(attempt.Id, 2, AttemptStates.Trial);
        var reported = server.Time.GetUtcNow();
        server.Time.Pass(TimeSpan.FromMinutes(45 + 120 + 4));
        await device.PollAsync();
        Assert.Null((await server.AttemptAsync(attempt.Id)).Silence);
        Assert.Null((await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt!.Silence);

        server.Time.Pass(TimeSpan.FromMinutes(1));

        Assert.Equal(new AttemptSilence(reported, DeviceHeardOf: true), (await server.AttemptAsync(attempt.Id)).Silence);
        Assert.NotNull((await server.Operator.GetFromJsonAsync("/api/v1/devices?limit=1000", WireJson.Default.PageDeviceView))!.Items.Single(d => d.Uuid == device.Uuid).OpenAttempt!.Silence);
    }

    [Theory]
    [InlineData("26.0.0", AttemptStates.Waiting)]
    [InlineData("26.1.0", AttemptStates.Ready)]
    public async Task An_attempt_that_waits_is_stuck_only_when_its_device_polled_without_a_word_of_it(string version, string state)
    {
        var (device, attempt) = await RunningAsync(version);
        var policy = new PolicySettings { PollSeconds = 7200 };
        (await server.Operator.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/policy", policy, WireJson.Default.PolicySettings)).EnsureSuccessStatusCode();
        await device.ReportAsync(attempt.Id, 2, state);
        var waits = server.Time.GetUtcNow();
        server.Time.Pass(TimeSpan.FromMinutes(45 + 120 + 12));
        Assert.Null((await server.AttemptAsync(attempt.Id)).Silence);
        server.Time.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal(new AttemptSilence(waits, DeviceHeardOf: false), (await server.AttemptAsync(attempt.Id)).Silence);

        // a process of its own speaks of it from here on, however seldom the device polls
        await device.ReportAsync(attempt.Id, 3, AttemptStates.Downloading);
        server.Time.Pass(TimeSpan.FromMinutes(46));

        Assert.NotNull((await server.AttemptAsync(attempt.Id)).Silence);
    }

    private async Task<AttemptView> PostAsync(string id) =>
        (await (await server.Operator.PostAsync($"/api/v1/attempts/{id}/override-locks", null)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.AttemptView))!;

    private async Task<(TestDevice Device, AttemptView Attempt)> RunningAsync(string version, HealthSettings? health = null)
    {
        await server.ReleaseAsync(version, health: health);
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, version);
        await device.PollAsync();
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Downloading);
        return (device, attempt);
    }
}
