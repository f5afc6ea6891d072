using System.Net;
using System.Net.Http.Json;
using System.Text;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

public sealed class AccessTests(TestServer server) : IClassFixture<TestServer>
{
    public static TheoryData<string, string, string> Endpoints => new()
    {
        { "POST", "/api/v1/provisioning-keys", "operator" },
        { "GET", "/api/v1/provisioning-keys", "operator" },
        { "POST", "/api/v1/provisioning-keys/0/revoke", "operator" },
        { "POST", "/api/v1/operator-keys", "operator" },
        { "GET", "/api/v1/operator-keys", "operator" },
        { "POST", "/api/v1/operator-keys/0/revoke", "operator" },
        { "GET", "/api/v1/trust-lists", "operator" },
        { "POST", "/api/v1/trust-lists", "operator" },
        { "POST", "/api/v1/devices/0123456/rotate-key", "operator" },
        { "POST", "/api/v1/devices/0123456/retire", "operator" },
        { "GET", "/api/v1/devices/0123456/events", "operator" },
        { "POST", "/device/v1/key", "device" },
        { "GET", "/device/v1/trust?after=0", "device" },
        { "POST", "/api/v1/releases", "operator" },
        { "GET", "/api/v1/releases", "operator" },
        { "GET", "/api/v1/releases/1.0.0", "operator" },
        { "GET", "/api/v1/releases/1.0.0/envelope", "operator" },
        { "POST", "/api/v1/releases/1.0.0/invalidate", "operator" },
        { "GET", "/api/v1/updaters", "operator" },
        { "POST", "/api/v1/updaters", "operator" },
        { "PUT", "/api/v1/updaters/programs/sha256:00", "operator" },
        { "GET", "/api/v1/devices", "operator" },
        { "GET", "/api/v1/devices/0123456", "operator" },
        { "POST", "/api/v1/devices/0123456/reset-key", "operator" },
        { "GET", "/api/v1/devices/0123456/updates", "operator" },
        { "POST", "/api/v1/devices/0123456/updates", "operator" },
        { "GET", "/api/v1/attempts/0", "operator" },
        { "POST", "/api/v1/attempts/0/cancel", "operator" },
        { "GET", "/api/v1/attempts/0/log", "operator" },
        { "GET", "/api/v1/attempts/0/plan", "operator" },
        { "GET", "/api/v1/releases/0/outcomes", "operator" },
        { "POST", "/api/v1/devices/0123456/revert", "operator" },
        { "GET", "/api/v1/attempts/0/findings", "operator" },
        { "GET", "/api/v1/attempts/0/bundle", "operator" },
        { "GET", "/api/v1/devices/0123456/target", "operator" },
        { "PUT", "/api/v1/devices/0123456/target", "operator" },
        { "DELETE", "/api/v1/devices/0123456/target", "operator" },
        { "POST", "/api/v1/devices/0123456/updates/estimate", "operator" },
        { "GET", "/api/v1/deltas", "operator" },
        { "POST", "/api/v1/deltas", "operator" },
        { "GET", "/api/v1/fleets", "operator" },
        { "POST", "/api/v1/fleets", "operator" },
        { "DELETE", "/api/v1/fleets/none", "operator" },
        { "PUT", "/api/v1/devices/0123456/fleet", "operator" },
        { "GET", "/api/v1/organisations", "operator" },
        { "POST", "/api/v1/organisations", "operator" },
        { "GET", "/api/v1/audit", "operator" },
        { "GET", "/api/v1/users", "operator" },
        { "POST", "/api/v1/users", "operator" },
        { "GET", "/api/v1/session", "operator" },
        { "DELETE", "/api/v1/session", "operator" },
        { "POST", "/device/v1/register", "provisioning" },
        { "GET", "/device/v1/poll", "device" },
        { "PUT", "/device/v1/state", "device" },
        { "PUT", "/device/v1/attempts/0", "device" },
        { "PUT", "/device/v1/attempts/0/log?offset=0", "device" },
        { "PUT", "/device/v1/attempts/0/plan", "device" },
        { "GET", "/device/v1/envelopes/sha256:00", "device" },
        { "GET", "/device/v1/updaters/sha256:00", "device" },
    };

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task An_endpoint_answers_only_the_callers_it_is_for(string method, string path, string needed)
    {
        var keys = new Dictionary<string, string> { ["operator"] = server.OperatorKey, ["device"] = (await server.DeviceAsync()).Key, ["provisioning"] = await server.ProvisioningKeyAsync() };

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Nobody, method, path));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Client("nonsense"), method, path));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Client("hko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), method, path));
        foreach (var (kind, key) in keys)
        {
            var status = await StatusAsync(server.Client(key), method, path);
            if (kind == needed)
                Assert.True(status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden), $"{kind}: {status}");
            else
                Assert.Equal(HttpStatusCode.Forbidden, status);
        }
    }

    [Theory]
    [InlineData("/healthz")]
    [InlineData("/readyz")]
    [InlineData("/openapi/v1.json")]
    public async Task Health_and_the_API_document_answer_everybody(string path) => Assert.Equal(HttpStatusCode.OK, (await server.Nobody.GetAsync(path)).StatusCode);

    [Fact]
    public async Task The_API_document_names_every_endpoint_of_this_test()
    {
        string document = await server.Nobody.GetStringAsync("/openapi/v1.json");

        foreach (string path in (string[])["/api/v1/releases/{id}/invalidate", "/device/v1/attempts/{id}/log", "/device/v1/poll", "/api/v1/attempts/{id}"])
            Assert.Contains($"\"{path}\"", document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provisioning_key_stops_at_its_end()
    {
        using var client = server.Client(await server.ProvisioningKeyAsync(server.Time.GetUtcNow().AddHours(1)));
        var request = new RegisterRequest(Guid.NewGuid().ToString("N"), TestServer.DeviceType, "kitchen");
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsJsonAsync("/device/v1/register", request, WireJson.Default.RegisterRequest)).StatusCode);

        server.Time.Pass(TimeSpan.FromHours(1));

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsJsonAsync("/device/v1/register", request, WireJson.Default.RegisterRequest)).StatusCode);
    }

    [Theory]
    [InlineData("{}", 30)]
    [InlineData("""{"description":"shops","expiresAt":null}""", 30)]
    [InlineData("""{"neverExpires":true}""", null)]
    [InlineData("""{"expiresAt":"2099-01-01T00:00:00Z","neverExpires":true}""", 27_000)]
    public async Task A_provisioning_key_that_nobody_gave_an_end_has_one(string request, int? mostDays)
    {
        using var answer = await server.Operator.PostAsync("/api/v1/provisioning-keys", new StringContent(request, System.Text.Encoding.UTF8, "application/json"));
        var key = await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer);

        Assert.Equal(mostDays is null, key!.ExpiresAt is null);
        if (mostDays is { } days)
            Assert.InRange(key.ExpiresAt!.Value - server.Time.GetUtcNow(), TimeSpan.FromDays(29), TimeSpan.FromDays(days));
    }

    [Fact]
    public async Task A_lost_registration_can_be_repeated_and_a_reset_key_is_worthless()
    {
        using var client = server.Client(await server.ProvisioningKeyAsync());
        var request = new RegisterRequest(Guid.NewGuid().ToString("N"), TestServer.DeviceType, null);
        await client.PostAsJsonAsync("/device/v1/register", request, WireJson.Default.RegisterRequest);
        var again = await client.PostAsJsonAsync("/device/v1/register", request, WireJson.Default.RegisterRequest);
        var key = (await again.Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer))!.DeviceKey;
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server.Client(key), "GET", "/device/v1/poll"));

        await server.Operator.PostAsync($"/api/v1/devices/{request.Uuid}/reset-key", null);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(server.Client(key), "GET", "/device/v1/poll"));
        Assert.Equal(HttpStatusCode.OK, (await client.PostAsJsonAsync("/device/v1/register", request, WireJson.Default.RegisterRequest)).StatusCode);
    }

    [Fact]
    public async Task A_device_cannot_touch_the_attempt_of_another()
    {
        await server.ReleaseAsync("1.0.0");
        var (mine, other) = (await server.DeviceAsync(), await server.DeviceAsync());
        var attempt = await server.UpdateAsync(mine, "1.0.0");

        var answer = await other.Http.PutAsJsonAsync($"/device/v1/attempts/{attempt.Id}", new AttemptReport { Serial = 1, State = "committed" }, WireJson.Default.AttemptReport);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("queued", (await server.AttemptAsync(attempt.Id)).Report.State);
    }

    [Fact]
    public async Task No_key_is_stored_in_the_clear()
    {
        var device = await server.DeviceAsync();
        string provisioning = await server.ProvisioningKeyAsync();

        foreach (string file in Directory.GetFiles(server.Directory, "hostup.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            foreach (string key in (string[])[server.OperatorKey, device.Key, provisioning])
                Assert.True(copy.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)) < 0, file);
        }
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(server.Directory, "operator-key")));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    public async Task A_malformed_body_is_refused_with_the_error_body(string json)
    {
        using var client = server.Client(await server.ProvisioningKeyAsync());

        var answer = await client.PostAsync("/device/v1/register", new StringContent(json, Encoding.UTF8, "application/json"));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("bad-value", (await TestServer.ErrorAsync(answer)).Code);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string method, string path)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (method is "POST" or "PUT")
            request.Content = new StringContent("{}", Encoding.UTF8, "application/json");
        return (await client.SendAsync(request)).StatusCode;
    }
}
