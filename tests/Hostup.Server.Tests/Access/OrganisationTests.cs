using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Access;

/// <summary>What belongs to one organisation is not there for another one.</summary>
public sealed class OrganisationTests : IAsyncLifetime
{
    private readonly TestServer _server = new() { Change = o => o with { DeltaWorkers = 0 } };

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task An_id_of_another_organisation_is_not_found_and_what_it_names_stays_as_it_is()
    {
        var first = await Holdings.MakeAsync(_server);
        var other = await _server.OrganisationAsync();
        await Holdings.MakeAsync(other);
        string before = await PictureAsync(_server, first);

        var found = new List<string>();
        foreach (var (method, path, body) in first.Addresses())
        {
            using var answer = await Holdings.SendAsync(other.Operator, method, path, body);
            if (answer.StatusCode != HttpStatusCode.NotFound || (await TestServer.ErrorAsync(answer)).Code != "not-found")
                found.Add($"{method} {path}: {answer.StatusCode}");
        }

        Assert.Empty(found);
        Assert.Equal(before, await PictureAsync(_server, first));
    }

    [Fact]
    public async Task Every_list_holds_what_is_the_callers_own()
    {
        var (first, other) = (await Holdings.MakeAsync(_server), await _server.OrganisationAsync());
        var theirs = await Holdings.MakeAsync(other);

        foreach (string list in (string[])["devices", "releases", "deltas", "fleets", "operator-keys", "provisioning-keys", "updaters", "trust-lists", "audit", "users"])
        {
            string mine = await _server.Operator.GetStringAsync("/api/v1/" + list), yours = await other.Operator.GetStringAsync("/api/v1/" + list);
            foreach (string id in (string[])[theirs.Uuid, theirs.Attempt, theirs.Release, theirs.Delta, theirs.Fleet, theirs.User, theirs.OperatorKey, theirs.ProvisioningKey])
                Assert.DoesNotContain(id, mine, StringComparison.Ordinal);
            foreach (string id in (string[])[first.Uuid, first.Attempt, first.Release, first.Delta, first.Fleet, first.User, first.OperatorKey, first.ProvisioningKey])
                Assert.DoesNotContain(id, yours, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_same_repository_tag_and_version_are_others_in_another_organisation()
    {
        var other = await _server.OrganisationAsync();
        byte[] mine = "only mine"u8.ToArray(), yours = "only yours"u8.ToArray();
        var (image, theirs) = (await _server.PushAsync("hostos/same", mine), await other.PushAsync("hostos/same", yours));
        await _server.PublishAsync(_server.Sign("7.0.0", image, repository: "hostos/same", sequence: 7));

        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.GetAsync($"/v2/hostos/same/blobs/{Digest.Of(mine)}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.GetAsync($"/v2/hostos/same/manifests/{image}")).StatusCode);
        var mounted = await other.Operator.PostAsync($"/v2/hostos/same/blobs/uploads/?mount={Digest.Of(mine)}&from=hostos/same", null);
        Assert.Equal(HttpStatusCode.Accepted, mounted.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await other.Operator.PostAsync("/api/v1/releases", new ByteArrayContent(_server.Sign("7.0.0", image, repository: "hostos/same", sequence: 7)))).StatusCode);

        var published = await other.PublishAsync(_server.Sign("7.0.0", theirs, repository: "hostos/same", sequence: 7));
        Assert.Equal(theirs, published.Image);
        Assert.Equal(image, (await _server.Operator.GetFromJsonAsync("/api/v1/releases/7.0.0", WireJson.Default.ReleaseView))!.Image);
    }

    [Fact]
    public async Task A_token_of_the_registry_opens_the_repositories_of_its_organisation_only()
    {
        var other = await _server.OrganisationAsync();
        var image = await _server.PushAsync("hostos/mine", "mine"u8.ToArray());
        using var asker = new HttpClient { BaseAddress = _server.Address };
        asker.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"operator:{other.OperatorKey}")));
        string token = JsonNode.Parse(await asker.GetStringAsync("/v2/token?scope=repository:hostos/mine:pull,push"))!["token"]!.GetValue<string>();

        using var client = _server.Client(token);

        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/v2/hostos/mine/manifests/{image}")).StatusCode);
    }

    [Fact]
    public async Task An_upload_that_one_organisation_began_is_not_there_for_another()
    {
        var other = await _server.OrganisationAsync();
        string upload = (await _server.Operator.PostAsync("/v2/hostos/x/blobs/uploads/", null)).Headers.Location!.ToString();

        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.GetAsync(upload)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.PatchAsync(upload, new ByteArrayContent([1]))).StatusCode);
        await other.Operator.DeleteAsync(upload);
        Assert.Equal(HttpStatusCode.NoContent, (await _server.Operator.GetAsync(upload)).StatusCode);
    }

    [Fact]
    public async Task A_program_of_another_organisation_is_not_published_by_its_digest()
    {
        var other = await _server.OrganisationAsync();
        byte[] program = "program"u8.ToArray();
        (await _server.Operator.PutAsync($"/api/v1/updaters/programs/{Digest.Of(program)}", new ByteArrayContent(program))).EnsureSuccessStatusCode();
        byte[] envelope = Envelope.Sign(UpdaterStatement.PayloadType, new UpdaterStatement { Version = "1.0.0", Digest = Digest.Of(program), Size = program.Length, Platform = "linux-x64" }.ToJson(), _server.SigningKey).ToJson();

        Assert.Equal(HttpStatusCode.NotFound, (await other.Operator.PostAsync("/api/v1/updaters", new ByteArrayContent(envelope))).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await other.Operator.PutAsync($"/api/v1/updaters/programs/{Digest.Of(program)}", new ByteArrayContent([]))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.Operator.PostAsync("/api/v1/updaters", new ByteArrayContent(envelope))).StatusCode);
    }

    [Fact]
    public async Task A_device_cannot_be_taken_over_by_another_organisation_and_reads_none_of_its_documents()
    {
        var other = await _server.OrganisationAsync();
        var device = await _server.DeviceAsync();
        var theirs = await other.ReleaseAsync("8.0.0");
        using var thief = _server.Client(await other.ProvisioningKeyAsync());

        var refused = await thief.PostAsJsonAsync("/device/v1/register", new RegisterRequest(device.Uuid, TestServer.DeviceType, null), WireJson.Default.RegisterRequest);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Null((await device.PollAsync()).Target);
        Assert.Equal(HttpStatusCode.NotFound, (await device.Http.GetAsync($"/device/v1/envelopes/{theirs.Envelope}")).StatusCode);
        var missing = await _server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = theirs.Id }, WireJson.Default.UpdateRequest);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task What_is_said_for_all_devices_is_said_for_those_of_the_organisation()
    {
        var other = await _server.OrganisationAsync();
        var (mine, yours) = (await _server.DeviceAsync(), await other.DeviceAsync());

        (await other.Operator.PutAsJsonAsync("/api/v1/policy", new PolicySettings { PollSeconds = 77 }, WireJson.Default.PolicySettings)).EnsureSuccessStatusCode();

        Assert.Equal(77, (await yours.PollAsync()).IntervalSeconds);
        Assert.Equal(900, (await mine.PollAsync()).IntervalSeconds);
        Assert.Null((await _server.Operator.GetFromJsonAsync("/api/v1/policy", WireJson.Default.PolicySettings))!.PollSeconds);
    }

    [Fact]
    public async Task Only_who_runs_the_server_makes_organisations_and_sees_more_than_their_own()
    {
        var other = await _server.OrganisationAsync();

        Assert.Equal(HttpStatusCode.Forbidden, (await other.Operator.PostAsJsonAsync("/api/v1/organisations", new OrganisationRequest("more"), WireJson.Default.OrganisationRequest)).StatusCode);
        Assert.True(Assert.Single((await other.Operator.GetFromJsonAsync("/api/v1/organisations", WireJson.Default.PageOrganisationView))!.Items).IsOwn);
        var all = (await _server.Operator.GetFromJsonAsync("/api/v1/organisations", WireJson.Default.PageOrganisationView))!.Items;
        Assert.Equal("default", Assert.Single(all, o => o.IsOwn).Id);
        foreach (var request in (OperatorKeyRequest[])[new("d") { Role = "developer" }, new("f") { Fleet = (await Holdings.MakeAsync(_server)).Fleet }])
        {
            using var narrower = _server.Client((await _server.PostAsync("/api/v1/operator-keys", request, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer)).Key);
            Assert.True(Assert.Single((await narrower.GetFromJsonAsync("/api/v1/organisations", WireJson.Default.PageOrganisationView))!.Items).IsOwn);
        }
        var again = await _server.Operator.PostAsJsonAsync("/api/v1/organisations", new OrganisationRequest(all.First(o => !o.IsOwn).Name), WireJson.Default.OrganisationRequest);
        Assert.Equal(HttpStatusCode.Conflict, again.StatusCode);
    }

    /// <summary>What an act on any of them would change.</summary>
    private static async Task<string> PictureAsync(TestServer server, Holdings of)
    {
        var text = new StringBuilder();
        foreach (string path in (string[])[$"devices/{of.Uuid}", $"devices/{of.Uuid}/events", $"attempts/{of.Attempt}", $"releases/{of.Release}", $"deltas/{of.Delta}", "fleets", "users", "operator-keys", "provisioning-keys", "policy"])
            text.AppendLine(await server.Operator.GetStringAsync("/api/v1/" + path));
        return text.ToString();
    }
}
