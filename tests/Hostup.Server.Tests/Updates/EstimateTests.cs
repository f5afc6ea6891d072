using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Updates;

/// <summary>What an update would cost, before it is started.</summary>
public sealed class EstimateTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task An_estimate_tells_the_bytes_of_the_image_and_changes_nothing()
    {
        var device = await server.DeviceAsync();
        var release = await server.ReleaseAsync("80.0.0");

        var estimate = await EstimateAsync(device, "80.0.0");

        Assert.Equal((release.Id, "80.0.0", release.DownloadBytes), (estimate.ReleaseId, estimate.Version, estimate.ImageBytes));
        Assert.Equal((release.DownloadBytes, (TimeSpan?)null, (string?)null), (estimate.MostBytes, estimate.Time, estimate.Replaces));
        Assert.Null((await device.PollAsync()).Target);
    }

    [Fact]
    public async Task The_rate_is_that_of_the_last_update_that_wrote_its_slot()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("81.0.0");
        var attempt = await server.UpdateAsync(device, "81.0.0");
        await device.PollAsync();
        var report = new AttemptReport
        {
            Serial = 1, State = AttemptStates.Committed, Steps = [new StepReport("write-slot", "done", 10)],
            Bytes = [new CauseBytes("registry", 4000, 1), new CauseBytes("retried", 1000, 1), new CauseBytes("supervisor", 9000, 1)],
        };
        (await device.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();

        Assert.Equal(500, (await EstimateAsync(device, "81.0.0")).BytesPerSecond);
    }

    [Fact]
    public async Task The_attempt_whose_place_it_would_take_is_named()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("82.0.0");
        var open = await server.UpdateAsync(device, "82.0.0");

        Assert.Equal(open.Id, (await EstimateAsync(device, "82.0.0")).Replaces);
    }

    [Fact]
    public async Task What_would_refuse_the_update_refuses_its_estimate()
    {
        var device = await server.DeviceAsync();
        await server.ReleaseAsync("83.0.0", "raspberrypi4-64");

        Assert.Equal(HttpStatusCode.Conflict, (await PostAsync(device, "83.0.0")).StatusCode);
        Assert.Equal("not-found", (await TestServer.ErrorAsync(await PostAsync(device, "83.0.9"))).Code);
    }

    [Theory]
    [InlineData(null, 130L, 13)]
    [InlineData(20L, 50L, 5)]
    public void A_delta_takes_the_place_of_the_image(long? delta, long most, int seconds)
    {
        var estimate = new UpdateEstimate { DeviceUuid = "d", DeviceName = "d", ReleaseId = "r", Version = "1", ImageBytes = 100, DeltaBytes = delta, UpdaterBytes = 20, SupervisorBytes = 10, BytesPerSecond = 10 };

        Assert.Equal((most, (TimeSpan?)TimeSpan.FromSeconds(seconds)), (estimate.MostBytes, estimate.Time));
    }

    private Task<HttpResponseMessage> PostAsync(TestDevice device, string release) =>
        server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates/estimate", new UpdateRequest { Release = release }, WireJson.Default.UpdateRequest);

    private async Task<UpdateEstimate> EstimateAsync(TestDevice device, string release) =>
        (await (await PostAsync(device, release)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.UpdateEstimate))!;
}
