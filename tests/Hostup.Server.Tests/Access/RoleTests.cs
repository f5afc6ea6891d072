using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

/// <summary>What keys may do: no more than the key that made them, and for one fleet no more than that fleet.</summary>
public sealed class RoleTests(TestServer server) : IClassFixture<TestServer>
{
    private static readonly string[] Ranks = ["observer", "operator", "developer", "administrator"];

    public static TheoryData<string, string> Pairs()
    {
        var pairs = new TheoryData<string, string>();
        foreach (string maker in Ranks)
        {
            foreach (string asked in Ranks)
                pairs.Add(maker, asked);
        }
        return pairs;
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_key_makes_no_key_that_may_do_more_than_itself(string maker, string asked)
    {
        using var client = server.Client((await KeyAsync(new OperatorKeyRequest(maker) { Role = maker })).Key);

        var answer = await AskAsync(client, new OperatorKeyRequest("more") { Role = asked });

        bool may = maker != "observer" && Array.IndexOf(Ranks, asked) <= Array.IndexOf(Ranks, maker);
        Assert.Equal(may ? HttpStatusCode.OK : HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_key_that_ends_makes_none_that_outlives_it()
    {
        var end = server.Time.GetUtcNow().AddHours(2);
        var maker = await KeyAsync(new OperatorKeyRequest("for a day") { ExpiresAt = end });
        using var client = server.Client(maker.Key);

        Assert.Equal(HttpStatusCode.Forbidden, (await AskAsync(client, new OperatorKeyRequest("longer") { ExpiresAt = end.AddSeconds(1) })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/v1/provisioning-keys", Json("""{"neverExpires":true}"""))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/v1/organisations", Json("""{"name":"longer"}"""))).StatusCode);
        var made = (await (await AskAsync(client, new OperatorKeyRequest("as long"))).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.OperatorKeyAnswer))!;
        var provisioning = await (await client.PostAsync("/api/v1/provisioning-keys", Json("{}"))).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer);
        Assert.Equal((end, end), (made.ExpiresAt!.Value, provisioning!.ExpiresAt!.Value));

        server.Time.Pass(TimeSpan.FromHours(2));

        using var late = server.Client(made.Key);
        Assert.Equal(HttpStatusCode.Unauthorized, (await late.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/api/v1/devices")).StatusCode);
    }

    [Fact]
    public async Task A_key_of_one_fleet_sees_the_devices_of_that_fleet_and_changes_nothing_else()
    {
        var (inside, outside) = (await server.DeviceAsync(), await server.DeviceAsync());
        await MakeFleetAsync("north");
        await MakeFleetAsync("south");
        await PutAsync(inside, "north");
        await PutAsync(outside, "south");
        await server.ReleaseAsync("61.0.0");
        var theirs = await server.UpdateAsync(outside, "61.0.0");
        using var client = server.Client((await KeyAsync(new OperatorKeyRequest("north") { Fleet = "north" })).Key);

        Assert.Equal([inside.Uuid], (await client.GetFromJsonAsync("/api/v1/devices", WireJson.Default.PageDeviceView))!.Items.Select(d => d.Uuid));
        Assert.Equal(["north"], (await client.GetFromJsonAsync("/api/v1/fleets", WireJson.Default.PageFleetView))!.Items.Select(f => f.Name));
        foreach (string path in (string[])[$"devices/{outside.Uuid}", $"devices/{outside.Uuid}/updates", $"attempts/{theirs.Id}", "devices?fleet=south"])
            Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/api/v1/" + path)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync($"/api/v1/attempts/{theirs.Id}/cancel", null)).StatusCode);
        Assert.Equal(HttpStatusCode.Created, (await client.PostAsJsonAsync($"/api/v1/devices/{inside.Uuid}/updates", new UpdateRequest { Release = "61.0.0" }, WireJson.Default.UpdateRequest)).StatusCode);
        foreach (var (method, path, body) in ((string, string, string)[])[("GET", "audit", ""), ("PUT", "policy", "{}"), ("POST", "releases", "{}"), ("POST", "trust-lists", "{}"), ("POST", "fleets", """{"name":"west"}"""), ("PUT", $"devices/{inside.Uuid}/fleet", """{"fleet":null}"""), ("POST", "releases/61.0.0/invalidate", """{"reason":"r"}"""), ("POST", "organisations", """{"name":"mine"}""")])
            Assert.Equal(HttpStatusCode.Forbidden, (await Holdings.SendAsync(client, method, "/api/v1/" + path, body)).StatusCode);
    }

    [Fact]
    public async Task An_administrator_of_one_fleet_finds_no_device_key_or_user_outside_by_its_id()
    {
        var things = await Holdings.MakeAsync(server);
        await MakeFleetAsync("closed");
        using var client = server.Client((await KeyAsync(new OperatorKeyRequest("closed") { Fleet = "closed" })).Key);

        var wrong = new List<string>();
        foreach (var (method, path, body) in things.Addresses().Where(a => !a.Path.StartsWith("/api/v1/releases/", StringComparison.Ordinal) && !a.Path.StartsWith("/api/v1/deltas", StringComparison.Ordinal)))
        {
            using var answer = await Holdings.SendAsync(client, method, path, body);
            bool wide = path.Contains("/fleet", StringComparison.Ordinal);
            if (answer.StatusCode != (wide ? HttpStatusCode.Forbidden : HttpStatusCode.NotFound))
                wrong.Add($"{method} {path}: {answer.StatusCode}");
        }

        Assert.Empty(wrong);
        foreach (string list in (string[])["devices", "users", "provisioning-keys"])
            Assert.Contains("\"items\":[]", await client.GetStringAsync("/api/v1/" + list), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_of_one_fleet_lets_devices_into_that_fleet_and_takes_no_device_of_another_one()
    {
        await MakeFleetAsync("east");
        var outside = await server.DeviceAsync();
        var key = await KeyAsync(new OperatorKeyRequest("east") { Fleet = "east" });
        var east = server.As(key.Key);

        var device = await east.DeviceAsync();
        using var thief = server.Client(await east.ProvisioningKeyAsync());
        var refused = await thief.PostAsJsonAsync("/device/v1/register", new RegisterRequest(outside.Uuid, TestServer.DeviceType, null), WireJson.Default.RegisterRequest);

        Assert.Equal("east", (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.Fleet);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await outside.Http.GetAsync("/device/v1/poll")).StatusCode);
        await MakeFleetAsync("elsewhere");
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(east.Operator, new OperatorKeyRequest("no") { Fleet = "elsewhere" })).StatusCode);
        Assert.Equal(["east", "east"], (await east.Operator.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items.Concat([await MadeByAsync(east)]).Select(k => k.Fleet));

        (await server.Operator.DeleteAsync("/api/v1/fleets/east")).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await east.Operator.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await device.Http.GetAsync("/device/v1/poll")).StatusCode);
    }

    [Fact]
    public async Task Who_may_end_neither_keys_nor_users_does_not_end_them_with_their_fleet()
    {
        using var client = server.Client((await KeyAsync(new OperatorKeyRequest("operator") { Role = "operator" })).Key);
        foreach (string name in (string[])["of-a-key", "of-a-user", "of-devices"])
            await MakeFleetAsync(name);
        var key = await KeyAsync(new OperatorKeyRequest("k") { Fleet = "of-a-key" });
        var user = await server.PostAsync("/api/v1/users", new UserRequest("fleet-user") { Fleet = "of-a-user" }, WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        var provisioning = await server.PostAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("p", null) { Fleet = "of-devices" }, WireJson.Default.ProvisioningKeyRequest, WireJson.Default.ProvisioningKeyAnswer);

        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync("/api/v1/fleets/of-a-key")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync("/api/v1/fleets/of-a-user")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.DeleteAsync("/api/v1/fleets/of-devices")).StatusCode);
        using var own = server.Client(key.Key);
        Assert.Equal(HttpStatusCode.OK, (await own.GetAsync("/api/v1/devices")).StatusCode);
        using var ended = server.Client(provisioning.Key);
        Assert.Equal(HttpStatusCode.Unauthorized, (await ended.PostAsJsonAsync("/device/v1/register", new RegisterRequest(Guid.NewGuid().ToString("N"), TestServer.DeviceType, null), WireJson.Default.RegisterRequest)).StatusCode);

        (await server.Operator.PostAsync($"/api/v1/operator-keys/{key.Id}/revoke", null)).EnsureSuccessStatusCode();
        (await server.Operator.PostAsync($"/api/v1/users/{user.Id}/end", null)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.OK, (await client.DeleteAsync("/api/v1/fleets/of-a-key")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.DeleteAsync("/api/v1/fleets/of-a-user")).StatusCode);
    }

    [Fact]
    public async Task An_observer_pulls_images_and_an_operator_pushes_none()
    {
        var image = await server.PushAsync("hostos/roles", "layer"u8.ToArray());
        foreach (string role in Ranks)
        {
            string key = (await KeyAsync(new OperatorKeyRequest(role) { Role = role })).Key;
            using var bearer = server.Client(key);
            using var asker = new HttpClient { BaseAddress = server.Address };
            asker.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("operator:" + key)));
            using var token = server.Client(JsonNode.Parse(await asker.GetStringAsync("/v2/token?scope=repository:hostos/roles:pull,push"))!["token"]!.GetValue<string>());

            foreach (var client in (HttpClient[])[bearer, token])
            {
                Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/v2/hostos/roles/manifests/{image}")).StatusCode);
                Assert.Equal(role is "developer" or "administrator" ? HttpStatusCode.Accepted : HttpStatusCode.Unauthorized, (await client.PostAsync("/v2/hostos/roles/blobs/uploads/", null)).StatusCode);
            }
        }
    }

    [Fact]
    public async Task Fields_that_nobody_may_set_change_nothing()
    {
        var other = await server.OrganisationAsync();
        var answer = await server.Operator.PostAsync("/api/v1/operator-keys", Json("""{"role":"observer","id":"mine","organisationId":"x","organisation":"x","fleetId":"x","kind":"provisioning","keyHash":"00","key":"hko_mine","createdAt":"1999-01-01T00:00:00Z","lastUsedAt":"1999-01-01T00:00:00Z"}"""));
        var made = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.OperatorKeyAnswer))!;
        var view = (await server.Operator.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items.Single(k => k.Id == made.Id);
        Assert.NotEqual("mine", made.Id);
        Assert.NotEqual("hko_mine", made.Key);
        Assert.Equal(("observer", server.Time.GetUtcNow()), (view.Role, view.CreatedAt));
        Assert.Null(view.Fleet);
        Assert.Null(view.LastUsedAt);

        answer = await server.Operator.PostAsync("/api/v1/users", Json($$"""{"name":"over","role":"observer","id":"mine","organisationId":"{{(await OwnAsync(other)).Id}}","password":"correct horse battery","passwordHash":"x","invitationHash":"x","fleetId":"x","endedAt":"1999-01-01T00:00:00Z"}"""));
        var user = (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.UserInvitation))!;
        var listed = (await server.Operator.GetFromJsonAsync("/api/v1/users", WireJson.Default.PageUserView))!.Items.Single(u => u.Id == user.Id);
        Assert.Equal(("over", "observer", false), (listed.Name, listed.Role, listed.HasPassword));
        Assert.DoesNotContain("over", await other.Operator.GetStringAsync("/api/v1/users"), StringComparison.Ordinal);

        string uuid = Guid.NewGuid().ToString("N");
        using var client = server.Client(await server.ProvisioningKeyAsync());
        string body = $$"""{"uuid":"{{uuid}}","deviceType":"{{TestServer.DeviceType}}","name":null,"organisationId":"{{(await OwnAsync(other)).Id}}","organisation":"x","fleetId":"x","fleet":"x","keyHash":"00","policy":"{}","targetAttemptId":"x"}""";
        (await client.PostAsync("/device/v1/register", Json(body))).EnsureSuccessStatusCode();
        var device = (await server.Operator.GetFromJsonAsync($"/api/v1/devices/{uuid}", WireJson.Default.DeviceView))!;
        Assert.Null(device.Fleet);
        Assert.Null(device.OpenAttempt);
        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.GetAsync($"/api/v1/devices/{uuid}")).StatusCode);
    }

    [Fact]
    public async Task A_key_says_when_it_was_last_used_and_an_unknown_role_is_refused()
    {
        var key = await KeyAsync(new OperatorKeyRequest("used"));
        using var client = server.Client(key.Key);
        Assert.Null((await ViewAsync(key.Id)).LastUsedAt);

        await client.GetAsync("/api/v1/devices");
        var first = (await ViewAsync(key.Id)).LastUsedAt;
        server.Time.Pass(TimeSpan.FromMinutes(5));
        await client.GetAsync("/api/v1/devices");

        Assert.Equal(TimeSpan.FromMinutes(5), (await ViewAsync(key.Id)).LastUsedAt - first);
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(server.Operator, new OperatorKeyRequest("x") { Role = "root" })).StatusCode);
    }

    private Task<OperatorKeyAnswer> KeyAsync(OperatorKeyRequest request) => server.PostAsync("/api/v1/operator-keys", request, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);

    private static Task<HttpResponseMessage> AskAsync(HttpClient client, OperatorKeyRequest request) => client.PostAsJsonAsync("/api/v1/operator-keys", request, WireJson.Default.OperatorKeyRequest);

    /// <summary>A key that another one made without naming a fleet.</summary>
    private static async Task<OperatorKeyView> MadeByAsync(TestServer maker)
    {
        var made = await maker.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("of the same fleet"), WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        return (await maker.Operator.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items.Single(k => k.Id == made.Id);
    }

    private static async Task<OrganisationView> OwnAsync(TestServer of) => (await of.Operator.GetFromJsonAsync("/api/v1/organisations", WireJson.Default.PageOrganisationView))!.Items[0];

    private async Task<OperatorKeyView> ViewAsync(string id) => (await server.Operator.GetFromJsonAsync("/api/v1/operator-keys", WireJson.Default.PageOperatorKeyView))!.Items.Single(k => k.Id == id);

    private async Task MakeFleetAsync(string name) => (await server.Operator.PostAsJsonAsync("/api/v1/fleets", new FleetRequest(name), WireJson.Default.FleetRequest)).EnsureSuccessStatusCode();

    private async Task PutAsync(TestDevice device, string fleet) =>
        (await server.Operator.PutAsJsonAsync($"/api/v1/devices/{device.Uuid}/fleet", new DeviceFleetRequest(fleet), WireJson.Default.DeviceFleetRequest)).EnsureSuccessStatusCode();

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}
