using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>What the updates of a device cost.</summary>
public sealed class MonthlyBytesTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Months_are_summed_by_cause_and_what_is_not_the_updates_is_apart()
    {
        var device = await _server.DeviceAsync();
        await UpdateAsync(device, "2.0.0", AttemptStates.Failed, new CauseBytes("delta", 100, 10), new CauseBytes("unexplained", 7, 1));
        await UpdateAsync(device, "2.1.0", AttemptStates.Committed, new CauseBytes("delta", 50, 5), new CauseBytes("supervisor", 400, 3), new CauseBytes("application", 9000, 2));
        _server.Time.Pass(TimeSpan.FromDays(31));
        await UpdateAsync(device, "2.2.0", AttemptStates.Downloading, new CauseBytes("registry", 1, 0));
        await UpdateAsync(await _server.DeviceAsync(), "2.3.0", AttemptStates.Committed, new CauseBytes("delta", 1_000_000, 0));

        var months = (await _server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}/bytes", WireJson.Default.PageMonthBytes))!.Items;

        Assert.Equal([("2026-02", 1, 1L, 0L), ("2026-01", 2, 550L, 18L)], months.Select(m => (m.Month, m.Attempts, m.Received, m.Sent)));
        Assert.Equal([new CauseBytes("application", 9000, 2), new CauseBytes("supervisor", 400, 3), new CauseBytes("delta", 150, 15), new CauseBytes("unexplained", 7, 1)], months[1].Causes);
    }

    [Fact]
    public async Task A_device_that_has_told_of_no_bytes_has_no_months()
    {
        var device = await _server.DeviceAsync();
        await _server.UpdateAsync(device, (await _server.ReleaseAsync("2.0.0")).Version);

        Assert.Empty((await _server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}/bytes", WireJson.Default.PageMonthBytes))!.Items);
    }

    private async Task UpdateAsync(TestDevice device, string version, string state, params CauseBytes[] bytes)
    {
        var attempt = await _server.UpdateAsync(device, (await _server.ReleaseAsync(version)).Version);
        await device.PollAsync();
        var report = new AttemptReport { Serial = 1, State = state, Bytes = bytes };
        (await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();
    }
}
