using System.Net.Http.Json;
using System.Text;
using Hostup.Core;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

/// <summary>What one organisation has: one of each thing that an address can name.</summary>
internal sealed record Holdings(string Uuid, string Attempt, string Release, string Version, string Delta, string Fleet, string User, string OperatorKey, string ProvisioningKey)
{
    private static int _last;

    /// <summary>Makes them, with the versions of their own that no other ones have.</summary>
    public static async Task<Holdings> MakeAsync(TestServer server)
    {
        int major = 500 + Interlocked.Increment(ref _last);
        await ReleaseAsync(server, $"{major}.0.0");
        var release = await ReleaseAsync(server, $"{major}.1.0");
        var device = await server.DeviceAsync();
        var attempt = await server.UpdateAsync(device, release.Version);
        (await device.Http.PutAsync($"/device/v1/attempts/{attempt.Id}/plan", new ByteArrayContent("plan"u8.ToArray()))).EnsureSuccessStatusCode();
        var delta = await server.PostAsync("/api/v1/deltas", new DeltaRequest($"{major}.0.0", release.Version), WireJson.Default.DeltaRequest, WireJson.Default.DeltaView);
        var fleet = await server.PostAsync("/api/v1/fleets", new FleetRequest($"fleet{major}"), WireJson.Default.FleetRequest, WireJson.Default.FleetView);
        var user = await server.PostAsync("/api/v1/users", new UserRequest($"user{major}"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        var key = await server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("of a person"), WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        var provisioning = await server.PostAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("of a shop", null), WireJson.Default.ProvisioningKeyRequest, WireJson.Default.ProvisioningKeyAnswer);
        return new Holdings(device.Uuid, attempt.Id, release.Id, release.Version, delta.Id, fleet.Id, user.Id, key.Id, provisioning.Id);
    }

    /// <summary>Every address that names one of them.</summary>
    public IEnumerable<(string Method, string Path, string? Body)> Addresses()
    {
        foreach (string device in (string[])[Uuid, Uuid[..7]])
        {
            yield return ("GET", $"/api/v1/devices/{device}", null);
            yield return ("GET", $"/api/v1/devices/{device}/events", null);
            yield return ("GET", $"/api/v1/devices/{device}/updates", null);
            yield return ("POST", $"/api/v1/devices/{device}/reset-key", null);
            yield return ("POST", $"/api/v1/devices/{device}/rotate-key", null);
            yield return ("POST", $"/api/v1/devices/{device}/retire", null);
            yield return ("POST", $"/api/v1/devices/{device}/updates", $$"""{"release":"{{Version}}"}""");
            yield return ("POST", $"/api/v1/devices/{device}/updates/estimate", $$"""{"release":"{{Version}}"}""");
            yield return ("POST", $"/api/v1/devices/{device}/revert", "{}");
            yield return ("GET", $"/api/v1/devices/{device}/target", null);
            yield return ("GET", $"/api/v1/devices/{device}/bytes", null);
            yield return ("PUT", $"/api/v1/devices/{device}/target", $$"""{"release":"{{Version}}"}""");
            yield return ("DELETE", $"/api/v1/devices/{device}/target", null);
            yield return ("PUT", $"/api/v1/devices/{device}/policy", "{}");
            yield return ("PUT", $"/api/v1/devices/{device}/fleet", """{"fleet":null}""");
        }
        yield return ("GET", $"/api/v1/devices?fleet={Fleet}", null);
        yield return ("GET", $"/api/v1/attempts/{Attempt}", null);
        yield return ("GET", $"/api/v1/attempts/{Attempt}/log", null);
        yield return ("GET", $"/api/v1/attempts/{Attempt}/plan", null);
        yield return ("GET", $"/api/v1/attempts/{Attempt}/findings", null);
        yield return ("GET", $"/api/v1/attempts/{Attempt}/bundle", null);
        yield return ("POST", $"/api/v1/attempts/{Attempt}/cancel", null);
        yield return ("POST", $"/api/v1/attempts/{Attempt}/override-locks", null);
        yield return ("PUT", $"/api/v1/attempts/{Attempt}/policy", "{}");
        foreach (string release in (string[])[Release, Version])
        {
            yield return ("GET", $"/api/v1/releases/{release}", null);
            yield return ("GET", $"/api/v1/releases/{release}/envelope", null);
            yield return ("GET", $"/api/v1/releases/{release}/outcomes", null);
            yield return ("POST", $"/api/v1/releases/{release}/offer", null);
            yield return ("POST", $"/api/v1/releases/{release}/invalidate", """{"reason":"not mine"}""");
            yield return ("POST", "/api/v1/deltas", $$"""{"from":"{{release}}","to":"{{release}}"}""");
        }
        yield return ("GET", $"/api/v1/deltas/{Delta}", null);
        yield return ("DELETE", $"/api/v1/fleets/{Fleet}", null);
        yield return ("POST", $"/api/v1/users/{User}/invite", null);
        yield return ("POST", $"/api/v1/users/{User}/end", null);
        yield return ("POST", $"/api/v1/operator-keys/{OperatorKey}/revoke", null);
        yield return ("POST", $"/api/v1/provisioning-keys/{ProvisioningKey}/revoke", null);
    }

    /// <summary>An address or a body in which the things are named by their places.</summary>
    public string Fill(string template) => template
        .Replace("{device}", Uuid, StringComparison.Ordinal).Replace("{fleet}", Fleet, StringComparison.Ordinal).Replace("$fleet", Fleet, StringComparison.Ordinal)
        .Replace("attempts/{id}", "attempts/" + Attempt, StringComparison.Ordinal).Replace("releases/{id}", "releases/" + Release, StringComparison.Ordinal)
        .Replace("deltas/{id}", "deltas/" + Delta, StringComparison.Ordinal).Replace("users/{id}", "users/" + User, StringComparison.Ordinal)
        .Replace("operator-keys/{id}", "operator-keys/" + OperatorKey, StringComparison.Ordinal)
        .Replace("provisioning-keys/{id}", "provisioning-keys/" + ProvisioningKey, StringComparison.Ordinal).Replace("$release", Release, StringComparison.Ordinal)
        .Replace("{digest}", Digest.Of("program"u8).ToString(), StringComparison.Ordinal).Replace("$new", "n" + Guid.NewGuid().ToString("N"), StringComparison.Ordinal);

    public static async Task<HttpResponseMessage> SendAsync(HttpClient client, string method, string path, string? body)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.SendAsync(request);
    }

    /// <summary>Publishes a release whose tree no other one has, so that deltas can lead to it and from it.</summary>
    private static async Task<ReleaseView> ReleaseAsync(TestServer server, string version)
    {
        var image = await server.PushAsync("hostos/x", Encoding.UTF8.GetBytes("layer of " + version));
        return await server.PublishAsync(server.Sign(version, image, sequence: long.Parse(version.Replace(".", "", StringComparison.Ordinal), System.Globalization.CultureInfo.InvariantCulture), tree: image));
    }
}
