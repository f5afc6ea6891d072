using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Hostup.Core.Releases;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>What an operator is shown of an attempt that failed, and can send to somebody.</summary>
public sealed class FindingsTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_failed_attempt_is_found_out_about()
    {
        var (device, attempt) = await FailedAsync("70.0.0", string.Concat(Enumerable.Range(1, 100).Select(n => $"line {n}\n")));

        var view = (await server.Operator.GetFromJsonAsync($"/api/v1/attempts/{attempt}/findings", WireJson.Default.AttemptView))!;

        var findings = view.Findings!;
        Assert.Equal("refused `boot-space`, the boot partition has too little room: 12 of 15 MiB", findings.Sentence);
        Assert.Equal(("check-device", "12 of 15 MiB", "make room"), (findings.Step, findings.Cause, findings.WhatToDo));
        Assert.Equal(Enumerable.Range(61, 40).Select(n => $"line {n}"), findings.LogTail);
        Assert.Equal((device.Uuid, "1.0.0", "70.0.0"), (findings.Device?.Uuid, findings.Device?.State?.OsVersion, findings.Release?.Version));
        Assert.Equal(["queued", "refused"], view.History.Select(e => e.State));
        Assert.Null((await server.AttemptAsync(attempt)).Findings);
    }

    [Fact]
    public async Task The_last_lines_of_a_long_log_are_whole()
    {
        string line = new('ä', 1000);
        var (_, attempt) = await FailedAsync("71.0.0", string.Concat(Enumerable.Range(1, 30).Select(n => $"{n:00}{line}\n")));

        var view = (await server.Operator.GetFromJsonAsync($"/api/v1/attempts/{attempt}/findings", WireJson.Default.AttemptView))!;

        // 16 KiB hold eight of these lines and a piece of one more
        Assert.Equal(Enumerable.Range(23, 8).Select(n => $"{n:00}{line}"), view.Findings!.LogTail);
    }

    [Fact]
    public async Task A_bundle_has_report_device_log_plan_and_manifest()
    {
        var (device, attempt) = await FailedAsync("72.0.0", "one\ntwo\n");
        (await device.Http.PutAsync($"/device/v1/attempts/{attempt}/plan", new StringContent("{\"steps\":[]}"))).EnsureSuccessStatusCode();

        var answer = await server.Operator.GetAsync($"/api/v1/attempts/{attempt}/bundle");
        var files = await UnpackAsync(await answer.Content.ReadAsStreamAsync());

        Assert.Equal($"hostup-attempt-{attempt}.tar.gz", answer.Content.Headers.ContentDisposition?.FileName);
        string[] names = ["report.json", "device.json", "log.txt", "plan.json", "manifest.json"];
        Assert.Equal(names.Select(n => $"hostup-attempt-{attempt}/{n}"), files.Keys);
        Assert.Equal("one\ntwo\n", files[$"hostup-attempt-{attempt}/log.txt"]);
        Assert.Equal("{\"steps\":[]}", files[$"hostup-attempt-{attempt}/plan.json"]);
        Assert.Equal("72.0.0", ReleaseManifest.Parse(Encoding.UTF8.GetBytes(files[$"hostup-attempt-{attempt}/manifest.json"])).Version);
        Assert.Equal("boot-space", JsonSerializer.Deserialize(files[$"hostup-attempt-{attempt}/report.json"], WireJson.Default.AttemptView)!.Report.ErrorCode);
        Assert.Equal(device.Uuid, JsonSerializer.Deserialize(files[$"hostup-attempt-{attempt}/device.json"], WireJson.Default.AttemptDevice)!.Uuid);
    }

    [Fact]
    public async Task An_attempt_that_nobody_began_has_a_bundle_without_plan()
    {
        await server.ReleaseAsync("73.0.0");
        var attempt = await server.UpdateAsync(await server.DeviceAsync(), "73.0.0");

        var files = await UnpackAsync(await server.Operator.GetStreamAsync($"/api/v1/attempts/{attempt.Id}/bundle"));

        Assert.DoesNotContain($"hostup-attempt-{attempt.Id}/plan.json", files.Keys);
        Assert.Equal("", files[$"hostup-attempt-{attempt.Id}/log.txt"]);
    }

    [Fact]
    public async Task An_attempt_back_to_the_os_before_is_found_out_about_and_names_no_release()
    {
        var device = await server.DeviceAsync();
        var attempt = await server.PostAsync($"/api/v1/devices/{device.Uuid}/revert", new RevertRequest(), WireJson.Default.RevertRequest, WireJson.Default.AttemptView);
        await device.PollAsync();
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Refused, "old-os");

        var view = (await server.Operator.GetFromJsonAsync($"/api/v1/attempts/{attempt.Id}/findings", WireJson.Default.AttemptView))!;
        var files = await UnpackAsync(await server.Operator.GetStreamAsync($"/api/v1/attempts/{attempt.Id}/bundle"));

        Assert.Null(view.Findings!.Release);
        Assert.Contains("`old-os`", view.Findings.Sentence, StringComparison.Ordinal);
        string[] names = ["report.json", "device.json", "log.txt"];
        Assert.Equal(names.Select(n => $"hostup-attempt-{attempt.Id}/{n}"), files.Keys);
        var later = await server.PostAsync($"/api/v1/devices/{device.Uuid}/revert", new RevertRequest(), WireJson.Default.RevertRequest, WireJson.Default.AttemptView);
        await device.PollAsync();
        await device.ReportAsync(later.Id, 1, AttemptStates.Committed);
        var done = (await server.Operator.GetFromJsonAsync($"/api/v1/attempts/{later.Id}/findings", WireJson.Default.AttemptView))!;
        Assert.Equal("committed: the update to the OS in its spare slot is done", done.Findings!.Sentence);
    }

    [Theory]
    [InlineData("findings")]
    [InlineData("bundle")]
    public async Task There_is_nothing_to_find_of_an_attempt_that_is_not_there(string what) =>
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync($"/api/v1/attempts/{Guid.NewGuid():N}/{what}")).StatusCode);

    private async Task<(TestDevice Device, string Attempt)> FailedAsync(string version, string log)
    {
        await server.ReleaseAsync(version);
        var device = await server.DeviceAsync();
        var state = new DeviceStateReport { OsVersion = "1.0.0", AgentVersion = "1", RunningSlot = "resin-rootA" };
        (await device.Http.PutAsJsonAsync("/device/v1/state", state, WireJson.Default.DeviceStateReport)).EnsureSuccessStatusCode();
        string attempt = (await server.UpdateAsync(device, version)).Id;
        await device.PollAsync();
        var report = new AttemptReport
        {
            Serial = 1, State = AttemptStates.Refused, ErrorCode = "boot-space", Message = $"cannot update to {version}: boot-space: 12 of 15 MiB; make room",
            Steps = [new StepReport("check-device", "failed", 1)],
        };
        (await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();
        (await device.Http.PutAsync($"/device/v1/attempts/{attempt}/log?offset=0", new StringContent(log))).EnsureSuccessStatusCode();
        return (device, attempt);
    }

    private static async Task<Dictionary<string, string>> UnpackAsync(Stream archive)
    {
        var files = new Dictionary<string, string>();
        await using var unpacked = new GZipStream(archive, CompressionMode.Decompress);
        await using var tar = new TarReader(unpacked);
        while (await tar.GetNextEntryAsync(copyData: true) is { } entry)
            files[entry.Name] = entry.DataStream is { } data ? await new StreamReader(data).ReadToEndAsync() : "";
        return files;
    }
}
