using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Deltas;

/// <summary>What the server says beforehand that an update will cost its device.</summary>
public sealed class EstimateTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task An_attempt_is_estimated_with_the_delta_from_the_tree_that_its_device_runs_once_that_is_ready()
    {
        var (old, target) = (TestTree.Old("41.0.0"), TestTree.New("41.1.0"));
        await old.PublishAsync(server);
        var release = await target.PublishAsync(server);
        var device = await server.DeviceAsync();
        await SayAsync(device, new SlotReport("resin-rootA", "41.0.0", null, await old.DigestAsync()));

        var attempt = await server.UpdateAsync(device, "41.1.0");
        var built = await server.SettledAsync((await server.RequestAsync("41.0.0", "41.1.0")).Id);
        var ready = await server.AttemptAsync(attempt.Id);

        Assert.Equal(["manifest", "registry"], attempt.Estimate!.Select(e => e.Cause));
        Assert.Equal(release.DownloadBytes, attempt.Estimate![1].Received);
        Assert.Equal(["manifest", "delta"], ready.Estimate!.Select(e => e.Cause));
        Assert.Equal(built.Bytes, ready.Estimate![1].Received);
        Assert.InRange(ready.Estimate[0].Received!.Value, 200, 20_000);
    }

    [Fact]
    public async Task Without_a_tree_that_is_known_it_is_the_whole_image_and_of_what_has_ended_nothing_is_said()
    {
        await TestTree.Old("42.0.0").PublishAsync(server);
        var release = await TestTree.New("42.1.0").PublishAsync(server);
        await server.SettledAsync((await server.RequestAsync("42.0.0", "42.1.0")).Id);
        var device = await server.DeviceAsync();
        await SayAsync(device, new SlotReport("resin-rootA", "42.0.0", null, null));

        var attempt = await server.UpdateAsync(device, "42.1.0");
        await device.ReportAsync(attempt.Id, 1, AttemptStates.Failed, "link");

        Assert.Equal(new EstimatedBytes("registry", release.DownloadBytes), attempt.Estimate![1]);
        Assert.Null((await server.AttemptAsync(attempt.Id)).Estimate);
    }

    private static async Task SayAsync(TestDevice device, SlotReport slot)
    {
        var state = new DeviceStateReport { OsVersion = slot.Version, AgentVersion = "0.2.0", RunningSlot = slot.Slot, Slots = [slot] };
        (await device.Http.PutAsJsonAsync("/device/v1/state", state, WireJson.Default.DeviceStateReport)).EnsureSuccessStatusCode();
    }
}
