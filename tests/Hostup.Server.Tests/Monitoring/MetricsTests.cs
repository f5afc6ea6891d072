using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;
using Hostup.Server.Tests.Deltas;

namespace Hostup.Server.Tests.Monitoring;

/// <summary>What Prometheus reads.</summary>
public sealed class MetricsTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Devices_attempts_bytes_and_blobs_are_counted()
    {
        var release = await _server.ReleaseAsync("2.0.0");
        var (open, done) = (await _server.DeviceAsync(), await _server.DeviceAsync());
        await _server.DeviceAsync();
        await _server.UpdateAsync(open, release.Version);
        var attempt = await _server.UpdateAsync(done, release.Version);
        await done.PollAsync();
        var report = new AttemptReport { Serial = 1, State = AttemptStates.Committed, Bytes = [new CauseBytes("image", 700, 30), new CauseBytes("In\nvented", 5, 1)] };
        // on the way they are not counted: a report has all bytes so far
        (await done.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report with { Serial = 0, State = AttemptStates.Downloading }, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();
        (await done.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();
        // told once more: the answer was lost
        (await done.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();

        string[] lines = await LinesAsync();

        Assert.Contains("""hostup_attempts_open{state="queued"} 1""", lines);
        Assert.Contains("""hostup_attempts_ended{outcome="committed"} 1""", lines);
        Assert.Contains("""hostup_attempt_received_bytes_total{cause="image"} 700""", lines);
        Assert.Contains("""hostup_attempt_sent_bytes_total{cause="image"} 30""", lines);
        Assert.Contains("""hostup_attempt_received_bytes_total{cause="other"} 5""", lines);
        var files = new DirectoryInfo(Path.Combine(_server.Directory, "blobs")).GetFiles("*", SearchOption.AllDirectories);
        Assert.Contains($"hostup_blobs {files.Length}", lines);
        Assert.Contains($"hostup_blob_bytes {files.Sum(f => f.Length)}", lines);
        Assert.Contains(lines, l => l.StartsWith("""hostup_request_seconds_count{method="PUT",endpoint="/device/v1/attempts/{id}",status="200"} 3""", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.Contains(done.Uuid, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_that_is_not_heard_of_is_offline_and_what_is_over_is_none()
    {
        var device = await _server.DeviceAsync();
        var attempt = await _server.UpdateAsync(device, (await _server.ReleaseAsync("2.0.0")).Version);
        await device.PollAsync();
        Assert.Contains("""hostup_devices{seen="yes"} 1""", await LinesAsync());

        await device.ReportAsync(attempt.Id, 1, AttemptStates.Downloading);
        // within a quarter of a minute nobody counts again
        Assert.Contains("""hostup_attempts_open{state="queued"} 1""", await LinesAsync());
        _server.Time.Pass(TimeSpan.FromDays(1));
        string[] later = await LinesAsync();

        Assert.Contains("""hostup_devices{seen="yes"} 0""", later);
        Assert.Contains("""hostup_devices{seen="offline"} 1""", later);
        Assert.Contains("""hostup_attempts_open{state="queued"} 0""", later);
        Assert.Contains("""hostup_attempts_open{state="downloading"} 1""", later);
    }

    [Theory]
    [InlineData("administrator")]
    [InlineData("developer")]
    [InlineData("operator")]
    [InlineData("observer")]
    public async Task Every_role_of_the_first_organisation_sees_them_and_no_other_organisation(string role)
    {
        var other = await _server.OrganisationAsync();

        using var own = await GetAsync(_server, role);
        using var foreign = await GetAsync(other, role);

        Assert.Equal((HttpStatusCode.OK, "text/plain"), (own.StatusCode, own.Content.Headers.ContentType?.MediaType));
        Assert.Equal("forbidden", (await DeltaServer.RefusedAsync(foreign, HttpStatusCode.Forbidden)).Code);
    }

    [Fact]
    public async Task A_key_of_one_fleet_or_none_does_not_see_them()
    {
        await _server.PostAsync("/api/v1/fleets", new FleetRequest("north"), WireJson.Default.FleetRequest, WireJson.Default.FleetView);
        var key = await _server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("of a fleet") { Fleet = "north" }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        using var client = _server.Client(key.Key);

        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await _server.Nobody.GetAsync("/metrics")).StatusCode);
    }

    private static async Task<HttpResponseMessage> GetAsync(TestServer server, string role)
    {
        var key = await server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest(role) { Role = role }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        using var client = server.Client(key.Key);
        return await client.GetAsync("/metrics");
    }

    private async Task<string[]> LinesAsync() => (await _server.Operator.GetStringAsync("/metrics")).Split('\n');
}
