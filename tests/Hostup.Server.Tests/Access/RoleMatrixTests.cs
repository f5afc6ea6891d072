using System.Net;
using System.Text.Json.Nodes;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

/// <summary>Every role, every endpoint of operators, in their own organisation and in another one.</summary>
public sealed class RoleMatrixTests : IAsyncLifetime
{
    /// <summary>Who may: A administrator, D developer, O operator, V observer. What is gone afterwards comes last.</summary>
    internal static readonly (string Who, string Method, string Path, string? Body)[] Table =
    [
        ("ADOV", "GET", "/api/v1/devices", null),
        ("ADOV", "GET", "/api/v1/devices/{device}", null),
        ("ADOV", "GET", "/api/v1/devices/{device}/events", null),
        ("ADOV", "GET", "/api/v1/devices/{device}/updates", null),
        ("ADOV", "GET", "/api/v1/devices/{device}/target", null),
        ("ADOV", "GET", "/api/v1/devices/{device}/bytes", null),
        ("ADOV", "GET", "/api/v1/attempts/{id}", null),
        ("ADOV", "GET", "/api/v1/attempts/{id}/log", null),
        ("ADOV", "GET", "/api/v1/attempts/{id}/plan", null),
        ("ADOV", "GET", "/api/v1/attempts/{id}/findings", null),
        ("ADOV", "GET", "/api/v1/attempts/{id}/bundle", null),
        ("ADOV", "GET", "/api/v1/releases", null),
        ("ADOV", "GET", "/api/v1/releases/{id}", null),
        ("ADOV", "GET", "/api/v1/releases/{id}/envelope", null),
        ("ADOV", "GET", "/api/v1/releases/{id}/outcomes", null),
        ("ADOV", "GET", "/api/v1/updaters", null),
        ("ADOV", "GET", "/api/v1/trust-lists", null),
        ("ADOV", "GET", "/api/v1/policy", null),
        ("ADOV", "GET", "/api/v1/deltas", null),
        ("ADOV", "GET", "/api/v1/deltas/{id}", null),
        ("ADOV", "GET", "/api/v1/organisations", null),
        ("ADOV", "GET", "/api/v1/fleets", null),
        ("ADO", "GET", "/api/v1/provisioning-keys", null),
        ("A", "GET", "/api/v1/operator-keys", null),
        ("A", "GET", "/api/v1/audit", null),
        ("A", "GET", "/api/v1/users", null),
        ("A", "GET", "/api/v1/garbage", null),
        ("ADOV", "GET", "/api/v1/session", null),
        // a key has none: it is told so
        ("ADOV", "DELETE", "/api/v1/session", null),
        ("ADO", "POST", "/api/v1/devices/{device}/updates/estimate", """{"release":"$release"}"""),
        ("ADO", "POST", "/api/v1/devices/{device}/updates", """{"release":"$release"}"""),
        ("ADO", "PUT", "/api/v1/devices/{device}/target", """{"release":"$release","why":"wanted"}"""),
        ("ADO", "POST", "/api/v1/devices/{device}/revert", "{}"),
        ("ADO", "PUT", "/api/v1/attempts/{id}/policy", "{}"),
        ("ADO", "POST", "/api/v1/attempts/{id}/override-locks", null),
        ("ADO", "POST", "/api/v1/attempts/{id}/cancel", null),
        ("ADO", "DELETE", "/api/v1/devices/{device}/target", null),
        ("ADO", "PUT", "/api/v1/devices/{device}/policy", "{}"),
        ("ADO", "PUT", "/api/v1/devices/{device}/fleet", """{"fleet":"$fleet"}"""),
        ("ADO", "POST", "/api/v1/devices/{device}/rotate-key", null),
        ("ADO", "POST", "/api/v1/devices/{device}/reset-key", null),
        ("ADO", "POST", "/api/v1/devices/{device}/retire", null),
        ("ADO", "PUT", "/api/v1/policy", "{}"),
        ("ADO", "POST", "/api/v1/deltas", """{"from":"$release","to":"$release"}"""),
        ("ADO", "POST", "/api/v1/fleets", """{"name":"$new"}"""),
        ("ADO", "POST", "/api/v1/provisioning-keys", "{}"),
        ("ADO", "POST", "/api/v1/operator-keys", "{}"),
        ("AD", "PUT", "/api/v1/updaters/programs/{digest}", "program"),
        ("AD", "POST", "/api/v1/updaters", "{}"),
        ("AD", "POST", "/api/v1/releases", "{}"),
        ("AD", "POST", "/api/v1/releases/{id}/offer", null),
        ("AD", "POST", "/api/v1/releases/{id}/invalidate", """{"reason":"bad"}"""),
        ("A", "POST", "/api/v1/trust-lists", "{}"),
        ("A", "POST", "/api/v1/garbage/collect", null),
        ("A", "POST", "/api/v1/organisations", """{"name":"$new"}"""),
        ("A", "POST", "/api/v1/users", """{"name":"$new"}"""),
        ("A", "POST", "/api/v1/users/{id}/invite", null),
        ("A", "POST", "/api/v1/users/{id}/end", null),
        ("ADO", "DELETE", "/api/v1/fleets/{fleet}", null),
        ("ADO", "POST", "/api/v1/provisioning-keys/{id}/revoke", null),
        ("A", "POST", "/api/v1/operator-keys/{id}/revoke", null),
    ];

    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("administrator", 'A', true)]
    [InlineData("developer", 'D', true)]
    [InlineData("operator", 'O', true)]
    [InlineData("observer", 'V', true)]
    [InlineData("administrator", 'A', false)]
    [InlineData("developer", 'D', false)]
    [InlineData("operator", 'O', false)]
    [InlineData("observer", 'V', false)]
    public async Task A_role_may_what_the_table_says_and_finds_nothing_of_another_organisation(string role, char letter, bool own)
    {
        var things = await Holdings.MakeAsync(_server);
        var of = own ? _server : await _server.OrganisationAsync();
        var key = await of.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest(role) { Role = role }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        using var client = _server.Client(key.Key);

        var wrong = new List<string>();
        foreach (var (who, method, path, body) in Table)
        {
            bool ofServer = (method, path) is ("POST", "/api/v1/organisations") or (_, "/api/v1/garbage" or "/api/v1/garbage/collect");
            bool names = (path.Contains('{', StringComparison.Ordinal) && !path.Contains("{digest}", StringComparison.Ordinal)) || (body?.Contains("$release", StringComparison.Ordinal) ?? false);
            using var answer = await Holdings.SendAsync(client, method, things.Fill(path), body is null ? null : things.Fill(body));
            if (!Fits(answer.StatusCode, who.Contains(letter, StringComparison.Ordinal) && (own || !ofServer), own || !names))
                wrong.Add($"{method} {path}: {(int)answer.StatusCode}");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_endpoint_of_operators_is_in_the_table()
    {
        var document = JsonNode.Parse(await _server.Nobody.GetStringAsync("/openapi/v1.json"))!;

        var served = document["paths"]!.AsObject().Where(p => p.Key.StartsWith("/api/v1/", StringComparison.Ordinal))
            .SelectMany(p => p.Value!.AsObject().Where(m => m.Value!["security"] is not null).Select(m => $"{m.Key.ToUpperInvariant()} {p.Key}"));

        Assert.Equal(served.Order(StringComparer.Ordinal), Table.Select(t => $"{t.Method} {t.Path}").Order(StringComparer.Ordinal));
    }

    private static bool Fits(HttpStatusCode status, bool may, bool there)
    {
        if (!may)
            return status == HttpStatusCode.Forbidden;
        return there
            ? status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.InternalServerError)
            : status == HttpStatusCode.NotFound;
    }
}
