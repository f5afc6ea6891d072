using System.Net;
using System.Net.Http.Json;
using Hostup.Core.Wire;
using Hostup.Server.Tests.Access;
using Hostup.Server.Tests.Deltas;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Audit;

/// <summary>What people and programs did is written down with the act, or neither is.</summary>
public sealed class AuditTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Everything_that_an_administrator_changes_or_fails_to_leaves_one_entry()
    {
        var things = await Holdings.MakeAsync(_server);
        var key = await KeyAsync(_server, "administrator");
        using var client = _server.Client(key.Key);

        var wrong = new List<string>();
        foreach (var (_, method, path, body) in RoleMatrixTests.Table)
        {
            int before = (await EntriesAsync($"who={key.Id}")).Count;
            using var answer = await Holdings.SendAsync(client, method, things.Fill(path), body is null ? null : things.Fill(body));
            var fresh = (await EntriesAsync($"who={key.Id}")).SkipLast(before).ToList();
            string outcome = answer.IsSuccessStatusCode ? "done" : (await TestServer.ErrorAsync(answer)).Code;
            bool reads = method == "GET" || path.EndsWith("/estimate", StringComparison.Ordinal);
            if (reads ? fresh is not [] : fresh is not [var one] || one.Outcome != outcome || one.At != _server.Time.GetUtcNow() || one.Name != "administrator" || one.Address.Length == 0)
                wrong.Add($"{method} {path}: {outcome}, {string.Join(", ", fresh)}");
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task What_was_refused_is_written_down_and_nothing_else_of_it()
    {
        var things = await Holdings.MakeAsync(_server);
        var key = await KeyAsync(_server, "observer");
        using var client = _server.Client(key.Key);

        await client.PostAsync($"/api/v1/devices/{things.Uuid}/retire", null);
        await client.GetAsync("/api/v1/operator-keys");

        var entry = Assert.Single(await EntriesAsync($"who={key.Id}"));
        Assert.Equal(("device.retire", "forbidden", $"/api/v1/devices/{things.Uuid}/retire"), (entry.Act, entry.Outcome, entry.Subject));
        Assert.Null((await _server.Operator.GetFromJsonAsync($"/api/v1/devices/{things.Uuid}", WireJson.Default.DeviceView))!.RetiredAt);
    }

    [Fact]
    public async Task An_act_that_cannot_be_written_down_is_not_done()
    {
        var device = await _server.DeviceAsync();
        await _server.ReleaseAsync("4.0.0");
        await using (var db = _server.Database())
            await db.Database.ExecuteSqlRawAsync("CREATE TRIGGER audit_is_full BEFORE INSERT ON audit WHEN NEW.outcome = 'done' BEGIN SELECT RAISE(ABORT, 'no space'); END");

        foreach (var (method, path, body) in ((string, string, string?)[])
        [
            ("POST", $"devices/{device.Uuid}/retire", null), ("POST", $"devices/{device.Uuid}/reset-key", null), ("PUT", "policy", """{"pollSeconds":77}"""), ("POST", "fleets", """{"name":"unwritten"}"""),
            ("POST", "operator-keys", """{"description":"unwritten"}"""), ("POST", "organisations", """{"name":"unwritten"}"""), ("PUT", $"devices/{device.Uuid}/policy", """{"pollSeconds":77}"""),
            ("PUT", $"devices/{device.Uuid}/target", """{"release":"4.0.0"}"""), ("POST", $"devices/{device.Uuid}/revert", "{}"),
        ])
            Assert.Equal(HttpStatusCode.InternalServerError, (await Holdings.SendAsync(_server.Operator, method, "/api/v1/" + path, body)).StatusCode);

        Assert.Equal((900, null), ((await device.PollAsync()).IntervalSeconds, (await device.PollAsync()).Target));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Operator.GetAsync($"/api/v1/devices/{device.Uuid}/target")).StatusCode);
        foreach (string list in (string[])["fleets", "operator-keys", "organisations"])
            Assert.DoesNotContain("unwritten", await _server.Operator.GetStringAsync("/api/v1/" + list), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_is_declared_or_cleared_is_one_entry_with_what_became_of_the_attempts()
    {
        var device = await _server.DeviceAsync();
        await _server.ReleaseAsync("4.1.0");
        await _server.ReleaseAsync("4.2.0");
        string path = $"/api/v1/devices/{device.Uuid}/target";

        string first = await DeclareAsync("4.1.0");
        Assert.Equal(first, await DeclareAsync("4.1.0"));
        string second = await DeclareAsync("4.2.0");
        (await _server.Operator.DeleteAsync(path)).EnsureSuccessStatusCode();

        var entries = (await EntriesAsync($"subject=device {device.Uuid}")).Reverse().Select(e => (e.Act, e.Detail));
        Assert.Equal([("target.set", $"to 4.1.0, attempt {first}"), ("target.set", "to 4.1.0, no new attempt"), ("target.set", $"to 4.2.0, attempt {second}"), ("target.clear", $"attempt {second} cancelled")], entries);

        async Task<string> DeclareAsync(string release)
        {
            (await _server.Operator.PutAsJsonAsync(path, new TargetRequest(release, null), WireJson.Default.TargetRequest)).EnsureSuccessStatusCode();
            return (await _server.Operator.GetFromJsonAsync($"/api/v1/devices/{device.Uuid}", WireJson.Default.DeviceView))!.OpenAttempt!.Id;
        }
    }

    [Fact]
    public async Task The_log_comes_in_parts_newest_first_and_of_one_thing_or_act()
    {
        var device = await _server.DeviceAsync();
        for (int i = 0; i < 3; i++)
            (await _server.Operator.PostAsync($"/api/v1/devices/{device.Uuid}/rotate-key", null)).EnsureSuccessStatusCode();
        (await _server.Operator.PutAsJsonAsync("/api/v1/policy", new PolicySettings(), WireJson.Default.PolicySettings)).EnsureSuccessStatusCode();

        var first = (await _server.Operator.GetFromJsonAsync("/api/v1/audit?limit=2", WireJson.Default.PageAuditEntry))!;
        var second = (await _server.Operator.GetFromJsonAsync($"/api/v1/audit?limit=2&after={first.Next}", WireJson.Default.PageAuditEntry))!;

        Assert.Equal(["policy.set", "device.rotate-key", "device.rotate-key", "device.rotate-key"], first.Items.Concat(second.Items).Select(e => e.Act));
        Assert.Equal(3, (await EntriesAsync($"subject=device {device.Uuid}")).Count);
        Assert.Equal("policy", Assert.Single(await EntriesAsync("act=policy.set")).Subject);
        Assert.Empty(await EntriesAsync("subject=' OR 1=1 --"));
    }

    [Fact]
    public async Task A_pushed_image_is_written_down_with_who_pushed_it()
    {
        var key = await KeyAsync(_server, "developer");

        var image = await _server.As(key.Key).PushAsync("hostos/told", "layer"u8.ToArray());

        Assert.Equal((key.Id, "done"), Assert.Single((await EntriesAsync($"subject=image hostos/told@{image}")).Select(e => (e.Who, e.Outcome))));
    }

    [Fact]
    public async Task An_organisation_reads_its_own_log_only()
    {
        var other = await _server.OrganisationAsync();
        await Holdings.MakeAsync(other);

        Assert.Equal("organisation.new", Assert.Single(await EntriesAsync("")).Act);
        Assert.DoesNotContain((await other.Operator.GetFromJsonAsync("/api/v1/audit", WireJson.Default.PageAuditEntry))!.Items, e => e.Act == "organisation.new");
    }

    private static Task<OperatorKeyAnswer> KeyAsync(TestServer server, string role) =>
        server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest(role) { Role = role }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);

    private async Task<IReadOnlyList<AuditEntry>> EntriesAsync(string query) =>
        (await _server.Operator.GetFromJsonAsync($"/api/v1/audit?limit=1000&{query}", WireJson.Default.PageAuditEntry))!.Items;
}
