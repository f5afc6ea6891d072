using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

/// <summary>Who is who: cloned cards, devices that are flashed again, keys that change, devices that are retired.</summary>
public sealed class IdentityTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly TimeSpan Poll = TimeSpan.FromMinutes(15);

    [Fact]
    public async Task Two_machines_that_take_turns_with_one_key_are_found_and_named()
    {
        var device = await server.DeviceAsync();
        using var first = Machine(device, "boot-a", "serial 0001, 02:00:00:00:00:01");
        using var second = Machine(device, "boot-b", "serial 0002, 02:00:00:00:00:02");

        foreach (var machine in (HttpClient[])[first, second, first, second])
            await PollAsync(machine);
        Assert.Null((await ShowAsync(device)).ClonedAt);
        await PollAsync(first);

        var view = await ShowAsync(device);
        Assert.NotNull(view.ClonedAt);
        Assert.Equal(["serial 0001, 02:00:00:00:00:01", "serial 0002, 02:00:00:00:00:02"], view.Machines.Select(m => m.Machine).Order(StringComparer.Ordinal));
        Assert.All(view.Machines, m => Assert.NotEmpty(m.Address));
        var told = Assert.Single(await EventsAsync(device), e => e.Kind == "cloned");
        Assert.Contains("serial 0001", told.Message, StringComparison.Ordinal);
        Assert.Contains("serial 0002", told.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cloned_device_gets_no_target_and_no_update_starts()
    {
        await server.ReleaseAsync("3.0.0");
        var device = await server.DeviceAsync();
        await server.UpdateAsync(device, "3.0.0");
        using var first = Machine(device, "boot-a", "");
        using var second = Machine(device, "boot-b", "");
        foreach (var machine in (HttpClient[])[first, second, first, second, first])
            await PollAsync(machine);

        Assert.Null((await PollAsync(second)).Target);
        var refused = await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "3.0.0" }, WireJson.Default.UpdateRequest);
        Assert.Equal("cloned", (await TestServer.ErrorAsync(refused)).Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_clone_is_forgotten_when_one_machine_has_registered_again(bool reset)
    {
        await server.ReleaseAsync("3.3.0");
        var device = await server.DeviceAsync();
        using var first = Machine(device, "boot-a", "");
        using var second = Machine(device, "boot-b", "");
        foreach (var machine in (HttpClient[])[first, second, first, second, first])
            await PollAsync(machine);
        if (reset)
            (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/reset-key", null)).EnsureSuccessStatusCode();

        var kept = device with { Key = await RegisterAsync(device.Uuid) };
        foreach (string boot in (string[])["boot-a", "boot-c", "boot-d"])
        {
            using var machine = Machine(kept, boot, "");
            await PollAsync(machine);
        }

        var view = await ShowAsync(device);
        Assert.Null(view.ClonedAt);
        Assert.Equal(AttemptStates.Queued, (await server.UpdateAsync(kept, "3.3.0")).Report.State);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(second));
    }

    [Fact]
    public async Task A_machine_that_reboots_is_no_clone_nor_is_one_whose_request_was_held_up()
    {
        var device = await server.DeviceAsync();
        foreach (string boot in (string[])["a", "a", "b", "b", "a", "b", "b", "b", "c", "d", "e", "e"])
        {
            using var machine = Machine(device, boot, "serial 1");
            await PollAsync(machine);
        }

        Assert.Null((await ShowAsync(device)).ClonedAt);
    }

    [Fact]
    public async Task A_device_that_is_flashed_again_gets_a_new_key_and_keeps_its_history()
    {
        await server.ReleaseAsync("3.1.0");
        var device = await server.DeviceAsync();
        await device.PollAsync();
        var attempt = await server.UpdateAsync(device, "3.1.0");
        await device.ReportAsync(attempt.Id, 5, AttemptStates.Downloading);

        var key = await RegisterAsync(device.Uuid);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(device.Http));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client(key)));
        Assert.Equal("cancelled", (await server.AttemptAsync(attempt.Id)).Report.State);
        Assert.Equal(["registered-again", "registered"], (await EventsAsync(device)).Select(e => e.Kind));
        Assert.Null((await new TestDevice(device.Uuid, key, server.Client(key)).PollAsync()).Target);
    }

    [Fact]
    public async Task The_old_key_is_good_until_the_new_one_was_used()
    {
        var device = await server.DeviceAsync();
        Assert.Equal(HttpStatusCode.Conflict, (await device.Http.PostAsync("/device/v1/key", null)).StatusCode);
        (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/rotate-key", null)).EnsureSuccessStatusCode();
        Assert.True((await device.PollAsync()).RotateKey);

        string lost = await NextKeyAsync(device);
        string kept = await NextKeyAsync(device);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(device.Http));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Client(lost)));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client(kept)));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(device.Http));
        Assert.False((await new TestDevice(device.Uuid, kept, server.Client(kept)).PollAsync()).RotateKey);
        Assert.Equal("key-rotated", (await EventsAsync(device))[0].Kind);
    }

    [Fact]
    public async Task A_retired_device_is_let_in_no_more_until_the_operator_says_so()
    {
        await server.ReleaseAsync("3.2.0");
        var device = await server.DeviceAsync();
        await device.PollAsync();
        (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/retire", null)).EnsureSuccessStatusCode();

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(device.Http));
        using var client = server.Client(await server.ProvisioningKeyAsync());
        var refused = await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(device.Uuid, TestServer.DeviceType, null), WireJson.Default.RegisterRequest);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.NotNull((await ShowAsync(device)).RetiredAt);
        Assert.Equal(HttpStatusCode.Conflict, (await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "3.2.0" }, WireJson.Default.UpdateRequest)).StatusCode);

        (await server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/reset-key", null)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client(await RegisterAsync(device.Uuid))));
    }

    [Fact]
    public async Task A_provisioning_key_is_listed_without_itself_and_can_be_revoked()
    {
        string key = await server.ProvisioningKeyAsync(server.Time.GetUtcNow().AddDays(400));
        var listed = (await server.Operator.GetFromJsonAsync("/api/v1/provisioning-keys", WireJson.Default.PageProvisioningKeyView))!.Items[0];

        (await server.Operator.PostAsync($"/api/v1/provisioning-keys/{listed.Id}/revoke", null)).EnsureSuccessStatusCode();

        using var client = server.Client(key);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(Guid.NewGuid().ToString("N"), TestServer.DeviceType, null), WireJson.Default.RegisterRequest)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.PostAsync("/api/v1/provisioning-keys/none/revoke", null)).StatusCode);
    }

    [Fact]
    public async Task An_operator_key_that_was_stolen_is_revoked_by_another_one_and_none_revokes_itself()
    {
        var answer = await server.Operator.PostAsJsonAsync("/api/v1/operator-keys", new OperatorKeyRequest("stolen"), WireJson.Default.OperatorKeyRequest);
        var stolen = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.OperatorKeyAnswer))!;
        using var thief = server.Client(stolen.Key);
        var listed = (await thief.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items;
        Assert.Equal((stolen.Id, "stolen"), (listed.Single(k => k.IsOwn).Id, listed.Single(k => k.IsOwn).Description));
        Assert.Equal(HttpStatusCode.Conflict, (await thief.PostAsync($"/api/v1/operator-keys/{stolen.Id}/revoke", null)).StatusCode);

        (await server.Operator.PostAsync($"/api/v1/operator-keys/{stolen.Id}/revoke", null)).EnsureSuccessStatusCode();

        Assert.Equal(HttpStatusCode.Unauthorized, (await thief.GetAsync("/api/v1/operator-keys")).StatusCode);
        Assert.DoesNotContain((await server.Operator.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items, k => k.Id == stolen.Id);
        Assert.Equal(HttpStatusCode.NotFound, (await server.Operator.PostAsync("/api/v1/operator-keys/none/revoke", null)).StatusCode);
    }

    private HttpClient Machine(TestDevice device, string boot, string machine)
    {
        var client = server.Client(device.Key);
        client.DefaultRequestHeaders.Add(DeviceHeaders.Boot, boot);
        client.DefaultRequestHeaders.Add(DeviceHeaders.Machine, machine);
        return client;
    }

    private async Task<PollAnswer> PollAsync(HttpClient machine)
    {
        server.Time.Pass(Poll);
        return (await machine.GetFromJsonAsync("/device/v1/poll", WireJson.Default.PollAnswer))!;
    }

    private async Task<string> RegisterAsync(string uuid)
    {
        using var client = server.Client(await server.ProvisioningKeyAsync());
        var answer = await client.PostAsJsonAsync("/device/v1/register", new RegisterRequest(uuid, TestServer.DeviceType, null), WireJson.Default.RegisterRequest);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer))!.DeviceKey;
    }

    private static async Task<string> NextKeyAsync(TestDevice device)
    {
        var answer = await device.Http.PostAsync("/device/v1/key", null);
        return (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.DeviceKeyAnswer))!.DeviceKey;
    }

    private async Task<DeviceView> ShowAsync(TestDevice device) => (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!;

    private async Task<IReadOnlyList<DeviceEvent>> EventsAsync(TestDevice device) =>
        (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}/events", WireJson.Default.PageDeviceEvent))!.Items;

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client) => (await client.GetAsync("/device/v1/poll")).StatusCode;
}
