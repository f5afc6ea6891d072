using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using Hostup.Core;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

public sealed class LifecycleTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_device_registers_polls_updates_and_its_attempt_shows_all_of_it()
    {
        var release = await server.ReleaseAsync("2.0.0+rev1");
        var device = await server.DeviceAsync();
        await device.Http.PutAsJsonAsync("/device/v1/state", new DeviceStateReport { OsVersion = "1.9.0", AgentVersion = "0.2.0", RunningSlot = "resin-rootA" }, WireJson.Default.DeviceStateReport);
        Assert.Null((await device.PollAsync()).Target);

        var attempt = await server.UpdateAsync(device, "2.0.0+rev1");
        var target = (await device.PollAsync()).Target!;
        byte[] envelope = await device.Http.GetByteArrayAsync($"/device/v1/envelopes/{target.ReleaseEnvelope}");
        Assert.False((await device.ReportAsync(attempt.Id, 1, AttemptStates.Checking)).Cancel);
        await device.ReportAsync(attempt.Id, 2, AttemptStates.Downloading);
        await device.ReportAsync(attempt.Id, 3, AttemptStates.Committed);

        Assert.Equal(attempt.Id, target.AttemptId);
        Assert.Equal(release.Envelope, Digest.Of(envelope));
        Assert.Null((await device.PollAsync()).Target);
        var view = await server.AttemptAsync(attempt.Id);
        Assert.Equal(AttemptStates.Committed, view.Report.State);
        Assert.Equal("1.9.0", view.FromVersion);
        Assert.NotNull(view.EndedAt);
        Assert.Equal(["queued", "checking", "downloading", "committed"], view.History.Select(e => e.State));
        var shown = await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid[..8]}", WireJson.Default.DeviceView);
        Assert.Equal("1.9.0", shown!.State!.OsVersion);
        Assert.Null(shown.OpenAttempt);
    }

    [Fact]
    public async Task A_poll_answers_304_until_something_changes()
    {
        await server.ReleaseAsync("3.0.0");
        var device = await server.DeviceAsync();
        var first = await device.Http.GetAsync("/device/v1/poll");
        var etag = first.Headers.ETag!;

        Assert.Equal(HttpStatusCode.NotModified, await PollStatusAsync(device, etag));
        await server.UpdateAsync(device, "3.0.0");

        Assert.Equal(HttpStatusCode.OK, await PollStatusAsync(device, etag));
        Assert.Equal(900, (await device.PollAsync()).IntervalSeconds);
    }

    [Fact]
    public async Task A_late_or_repeated_report_changes_nothing()
    {
        await server.ReleaseAsync("4.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "4.0.0");
        await device.PollAsync();
        await device.ReportAsync(attempt.Id, 5, AttemptStates.Downloading);

        await device.ReportAsync(attempt.Id, 5, AttemptStates.Verifying);
        await device.ReportAsync(attempt.Id, 4, AttemptStates.Checking);
        Assert.Equal(AttemptStates.Downloading, (await server.AttemptAsync(attempt.Id)).Report.State);

        await device.ReportAsync(attempt.Id, 6, AttemptStates.Failed, "slot-write");
        await device.ReportAsync(attempt.Id, 7, AttemptStates.Committed);
        var view = await server.AttemptAsync(attempt.Id);
        Assert.Equal((AttemptStates.Failed, "slot-write"), (view.Report.State, view.Report.ErrorCode));
    }

    [Fact]
    public async Task A_newer_update_supersedes_at_once_what_no_poll_has_named()
    {
        await server.ReleaseAsync("5.0.0");
        await server.ReleaseAsync("5.0.1");
        var device = await server.DeviceAsync();

        var old = await server.UpdateAsync(device, "5.0.0");
        var current = await server.UpdateAsync(device, "5.0.1");

        Assert.Equal(AttemptStates.Superseded, (await server.AttemptAsync(old.Id)).Report.State);
        Assert.Equal(current.Id, (await device.PollAsync()).Target!.AttemptId);
    }

    [Fact]
    public async Task A_running_attempt_is_superseded_only_when_the_device_says_so()
    {
        await server.ReleaseAsync("6.0.0");
        await server.ReleaseAsync("6.0.1");
        var device = await server.DeviceAsync();
        var old = await server.UpdateAsync(device, "6.0.0");
        await device.PollAsync();
        await device.ReportAsync(old.Id, 1, AttemptStates.Downloading);

        var current = await server.UpdateAsync(device, "6.0.1");
        Assert.Equal(AttemptStates.Downloading, (await server.AttemptAsync(old.Id)).Report.State);
        Assert.Equal(current.Id, (await device.PollAsync()).Target!.AttemptId);
        await device.ReportAsync(old.Id, 2, AttemptStates.Superseded);

        Assert.Equal(AttemptStates.Superseded, (await server.AttemptAsync(old.Id)).Report.State);
        Assert.Equal(current.Id, (await device.PollAsync()).Target!.AttemptId);
    }

    [Fact]
    public async Task An_attempt_that_was_named_but_never_begun_ends_when_the_device_works_on_the_next()
    {
        await server.ReleaseAsync("7.0.0");
        var device = await server.DeviceAsync();
        var old = await server.UpdateAsync(device, "7.0.0");
        await device.PollAsync();

        var current = await server.UpdateAsync(device, "7.0.0");
        Assert.Equal(AttemptStates.Queued, (await server.AttemptAsync(old.Id)).Report.State);
        await device.ReportAsync(current.Id, 1, AttemptStates.Checking);

        Assert.Equal(AttemptStates.Superseded, (await server.AttemptAsync(old.Id)).Report.State);
        Assert.True((await device.ReportAsync(old.Id, 1, AttemptStates.Checking)).Cancel);
    }

    [Fact]
    public async Task Cancelling_ends_at_once_what_the_device_cannot_know_of_and_asks_for_the_rest()
    {
        await server.ReleaseAsync("8.0.0");
        var device = await server.DeviceAsync();
        var unknown = await server.UpdateAsync(device, "8.0.0");
        await server.Operator.PostAsync($"/api/v1/attempts/{unknown.Id}/cancel", null);
        Assert.Equal(AttemptStates.Cancelled, (await server.AttemptAsync(unknown.Id)).Report.State);
        Assert.Null((await device.PollAsync()).Target);

        var known = await server.UpdateAsync(device, "8.0.0");
        await device.PollAsync();
        await server.Operator.PostAsync($"/api/v1/attempts/{known.Id}/cancel", null);

        Assert.True((await device.PollAsync()).Target!.Cancel);
        Assert.True((await device.ReportAsync(known.Id, 1, AttemptStates.Checking)).Cancel);
        await device.ReportAsync(known.Id, 2, AttemptStates.Cancelled);
        Assert.Null((await device.PollAsync()).Target);
        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.PostAsync($"/api/v1/attempts/{known.Id}/cancel", null)).StatusCode);
    }

    [Fact]
    public async Task Cancelling_is_refused_past_the_point_of_no_return_and_the_device_hears_nothing_of_it()
    {
        await server.ReleaseAsync("8.1.0");
        var device = await server.DeviceAsync();
        foreach (string state in (string[])[AttemptStates.Rebooting, AttemptStates.Trial])
        {
            var attempt = await server.UpdateAsync(device, "8.1.0");
            await device.PollAsync();
            await device.ReportAsync(attempt.Id, 1, state);

            var answer = await server.Operator.PostAsync($"/api/v1/attempts/{attempt.Id}/cancel", null);

            Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
            Assert.Contains("past the point of no return", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
            Assert.False((await server.AttemptAsync(attempt.Id)).CancelAsked);
            Assert.False((await device.ReportAsync(attempt.Id, 2, state)).Cancel);
            await device.ReportAsync(attempt.Id, 3, AttemptStates.Committed);
        }
    }

    [Theory]
    [InlineData(1, AttemptStates.Waiting)]
    [InlineData(2, AttemptStates.Checking)]
    [InlineData(3, AttemptStates.Downloading)]
    [InlineData(4, AttemptStates.Verifying)]
    [InlineData(5, AttemptStates.Supervisor)]
    [InlineData(6, AttemptStates.Ready)]
    [InlineData(7, AttemptStates.WaitingForLock)]
    [InlineData(8, AttemptStates.BootFiles)]
    public async Task Cancelling_is_asked_for_before_the_point_of_no_return_and_refused_after_it(int patch, string state)
    {
        string version = $"8.2.{patch}";
        await server.ReleaseAsync(version);
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, version);
        await device.PollAsync();
        await device.ReportAsync(attempt.Id, 1, state);

        Assert.Equal(HttpStatusCode.OK, (await server.Operator.PostAsync($"/api/v1/attempts/{attempt.Id}/cancel", null)).StatusCode);

        Assert.True((await device.ReportAsync(attempt.Id, 2, state)).Cancel);
        await device.ReportAsync(attempt.Id, 3, AttemptStates.Rebooting);
        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.PostAsync($"/api/v1/attempts/{attempt.Id}/cancel", null)).StatusCode);
    }

    [Fact]
    public async Task A_watcher_is_woken_by_the_change_and_not_by_the_clock()
    {
        await server.ReleaseAsync("9.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "9.0.0");

        var waiting = server.AttemptAsync(attempt.Id, $"?waitSerial={attempt.Serial}&seconds=60");
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Checking);
        var view = await waiting.WaitAsync(TimeSpan.FromSeconds(20));

        Assert.True(view.Serial > attempt.Serial);
        Assert.Equal(AttemptStates.Checking, view.Report.State);
    }

    [Fact]
    public async Task A_log_grows_by_offset_repeats_cleanly_and_is_bounded()
    {
        await server.ReleaseAsync("10.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "10.0.0");

        Assert.Equal(5, (await LogAsync(device, attempt.Id, 0, "hello"))!.LengthBytes);
        Assert.Equal(11, (await LogAsync(device, attempt.Id, 3, "lo world"))!.LengthBytes);
        Assert.Equal(HttpStatusCode.Conflict, (await PutLogAsync(device, attempt.Id, 99, "gap")).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PutLogAsync(device, attempt.Id, 11, new string('x', 70_000))).StatusCode);

        Assert.Equal("hello world", await server.Operator.GetStringAsync($"/api/v1/attempts/{attempt.Id}/log"));
        Assert.Equal("world", await server.Operator.GetStringAsync($"/api/v1/attempts/{attempt.Id}/log?offset=6"));
        LogAnswer? last = null;
        for (int at = 11; last is not { Full: true }; at = (int)last!.LengthBytes)
            last = await LogAsync(device, attempt.Id, at, new string('x', 64 << 10));
        Assert.Equal(1 << 20, last.LengthBytes);
    }

    [Fact]
    public async Task A_plan_comes_back_as_it_was_sent()
    {
        await server.ReleaseAsync("11.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "11.0.0");
        byte[] plan = [0, 1, 2, 255];

        (await device.Http.PutAsync($"/device/v1/attempts/{attempt.Id}/plan", new ByteArrayContent([9]))).EnsureSuccessStatusCode();
        (await device.Http.PutAsync($"/device/v1/attempts/{attempt.Id}/plan", new ByteArrayContent(plan))).EnsureSuccessStatusCode();

        Assert.Equal(plan, await server.Operator.GetByteArrayAsync($"/api/v1/attempts/{attempt.Id}/plan"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await device.Http.PutAsync($"/device/v1/attempts/{attempt.Id}/plan", new ByteArrayContent(new byte[(256 << 10) + 1]))).StatusCode);
    }

    [Fact]
    public async Task The_newest_updater_goes_with_an_update_unless_another_is_named()
    {
        await server.ReleaseAsync("12.0.0");
        foreach (string version in (string[])["1.10.0", "1.9.0"])
            await PublishUpdaterAsync(version);
        var device = await server.DeviceAsync();

        await server.UpdateAsync(device, "12.0.0");
        var updater = (await device.PollAsync()).Target!.Updater!;
        byte[] program = await device.Http.GetByteArrayAsync($"/device/v1/updaters/{updater.Digest}");
        using var range = new HttpRequestMessage(HttpMethod.Get, $"/device/v1/updaters/{updater.Digest}") { Headers = { Range = new RangeHeaderValue(2, 4) } };
        var part = await device.Http.SendAsync(range);

        Assert.Equal("1.10.0", updater.Version);
        Assert.Equal(updater.Digest, Digest.Of(program));
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(program[2..5], await part.Content.ReadAsByteArrayAsync());
        await server.PostAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "12.0.0", Updater = "none" }, WireJson.Default.UpdateRequest, WireJson.Default.AttemptView);
        Assert.Null((await device.PollAsync()).Target!.Updater);
    }

    [Fact]
    public async Task Many_reports_at_once_are_all_answered_and_the_highest_serial_stays()
    {
        await server.ReleaseAsync("14.0.0");
        var devices = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => server.DeviceAsync()));
        var attempts = await Task.WhenAll(devices.Select(d => server.UpdateAsync(d, "14.0.0")));

        await Task.WhenAll(devices.SelectMany((device, i) => Enumerable.Range(1, 20).Select(async serial =>
        {
            await device.PollAsync();
            await device.ReportAsync(attempts[i].Id, serial, serial == 20 ? AttemptStates.Verifying : AttemptStates.Downloading);
        })));

        foreach (var attempt in attempts)
            Assert.Equal((20, AttemptStates.Verifying), (await server.AttemptAsync(attempt.Id) is var view ? (int)view.Report.Serial : 0, view.Report.State));
    }

    [Fact]
    public async Task An_answered_report_is_there_after_a_restart()
    {
        await server.ReleaseAsync("13.0.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, "13.0.0");
        await device.ReportAsync(attempt.Id, 1, AttemptStates.RolledBack, "rollback-health");

        await server.RestartAsync();

        Assert.Equal("rollback-health", (await server.AttemptAsync(attempt.Id)).Report.ErrorCode);
    }

    private async Task PublishUpdaterAsync(string version)
    {
        byte[] program = Encoding.UTF8.GetBytes("program " + version);
        var statement = new UpdaterStatement { Version = version, Digest = Digest.Of(program), Size = program.Length, Platform = "linux-x64" };
        (await server.Operator.PutAsync($"/api/v1/updaters/programs/{statement.Digest}", new ByteArrayContent(program))).EnsureSuccessStatusCode();
        (await server.Operator.PostAsync("/api/v1/updaters", new ByteArrayContent(Envelope.Sign(UpdaterStatement.PayloadType, statement.ToJson(), server.SigningKey).ToJson()))).EnsureSuccessStatusCode();
    }

    private static async Task<HttpStatusCode> PollStatusAsync(TestDevice device, EntityTagHeaderValue etag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/device/v1/poll") { Headers = { IfNoneMatch = { etag } } };
        return (await device.Http.SendAsync(request)).StatusCode;
    }

    private static Task<HttpResponseMessage> PutLogAsync(TestDevice device, string attempt, long offset, string text) =>
        device.Http.PutAsync($"/device/v1/attempts/{attempt}/log?offset={offset}", new StringContent(text));

    private static async Task<LogAnswer?> LogAsync(TestDevice device, string attempt, long offset, string text) =>
        await (await PutLogAsync(device, attempt, offset, text)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.LogAnswer);
}
