using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

public sealed class FleetTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_device_is_in_one_fleet_at_most_and_leaves_it_with_the_fleet()
    {
        var (first, second) = (await server.DeviceAsync(), await server.DeviceAsync());
        await MakeAsync("trucks");
        await MakeAsync("ships");

        await PutAsync(first, "trucks");
        await PutAsync(second, "trucks");
        await PutAsync(second, "ships");

        Assert.Equal([first.Uuid], (await ListAsync("trucks")).Select(d => d.Uuid));
        Assert.Equal([("ships", 1), ("trucks", 1)], (await server.Operator.GetFromJsonAsync("/api/v1/fleets", WireJson.Default.PageFleetView))!.Items.Where(f => f.Name is "ships" or "trucks").Select(f => (f.Name, f.Devices)));
        Assert.Equal("ships", (await ListAsync("ships")).Single().Fleet);
        (await server.Operator.DeleteAsync("/api/v1/fleets/ships")).EnsureSuccessStatusCode();
        Assert.Null((await ShowAsync(second)).Fleet);
        Assert.Equal("trucks", (await ShowAsync(first)).Fleet);
        await PutAsync(first, null);
        Assert.Empty(await ListAsync("trucks"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a/b")]
    [InlineData("'; DROP TABLE fleets; --")]
    [InlineData(null)]
    public async Task A_name_that_cannot_stand_in_an_address_is_refused(string? name) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Operator.PostAsJsonAsync("/api/v1/fleets", new FleetRequest(name!), WireJson.Default.FleetRequest)).StatusCode);

    [Fact]
    public async Task A_name_is_used_once_and_a_fleet_that_is_not_there_takes_no_device()
    {
        await MakeAsync("once");
        var device = await server.DeviceAsync();

        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.PostAsJsonAsync("/api/v1/fleets", new FleetRequest("once"), WireJson.Default.FleetRequest)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/fleet", new DeviceFleetRequest("never"), WireJson.Default.DeviceFleetRequest)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.DeleteAsync("/api/v1/fleets/never")).StatusCode);
    }

    [Theory]
    [InlineData("/api/v1/devices/' OR 1=1 --")]
    [InlineData("/api/v1/devices/%25")]
    [InlineData("/api/v1/devices/_______")]
    [InlineData("/api/v1/releases/' OR ''='")]
    [InlineData("/api/v1/attempts/' UNION SELECT key_hash FROM api_keys --")]
    [InlineData("/api/v1/deltas/%27%3B%20DELETE%20FROM%20deltas")]
    [InlineData("/api/v1/devices?fleet=' OR 1=1 --")]
    public async Task A_name_is_never_read_as_a_part_of_a_query(string path)
    {
        await server.DeviceAsync();

        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.GetAsync(path)).StatusCode);
    }

    [Fact]
    public async Task A_device_that_bears_the_uuid_of_another_as_its_name_does_not_hide_it()
    {
        var device = await server.DeviceAsync();
        using var client = server.Client(await server.ProvisioningKeyAsync());
        foreach (string uuid in (string[])[new('0', 32), new('f', 32)])
            (await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(uuid, TestServer.DeviceType, device.Uuid), WireJson.Default.RegisterRequest)).EnsureSuccessStatusCode();

        Assert.Equal(device.Uuid, (await ShowAsync(device)).Uuid);
    }

    private async Task MakeAsync(string name) =>
        (await server.Operator.PostAsJsonAsync("/api/v1/fleets", new FleetRequest(name), WireJson.Default.FleetRequest)).EnsureSuccessStatusCode();

    private async Task PutAsync(TestDevice device, string? fleet) =>
        (await server.Operator.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/fleet", new DeviceFleetRequest(fleet), WireJson.Default.DeviceFleetRequest)).EnsureSuccessStatusCode();

    private async Task<IReadOnlyList<DeviceView>> ListAsync(string fleet) => (await server.Operator.GetFromJsonAsync($"/api/v1/devices?fleet={fleet}", WireJson.Default.PageDeviceView))!.Items;

    private async Task<DeviceView> ShowAsync(TestDevice device) => (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!;
}
