using System.Net;
using System.Net.Http.Json;
using System.Text;
using Hostup.Core.Wire;
using Hostup.Server.Tests.Deltas;
using Hostup.Server.Users;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Users;

/// <summary>People who sign in: the first link, passwords, sessions, and what a cookie alone does not do.</summary>
public sealed class UserTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private readonly TestServer _server = new();

    public ValueTask InitializeAsync() => _server.InitializeAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task The_first_start_gives_one_link_with_which_the_administrator_chooses_a_password_once()
    {
        string link = _server.FirstLink!;
        Assert.StartsWith(_server.Address.ToString(), link, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("administrator", ""));

        Assert.Equal("administrator", await AcceptAsync(link, Password));

        using var again = await SendAsync(link, Password);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        var (http, _) = await SignInAsync("administrator");
        using (http)
            Assert.Equal("administrator", (await http.GetFromJsonAsync("/api/v1/session", WireJson.Default.SessionView))!.Role);
        await _server.RestartAsync();
        Assert.Null(_server.FirstLink);
    }

    [Fact]
    public async Task The_page_of_a_link_takes_a_password_without_a_script_and_shows_nothing_as_it_came()
    {
        string link = _server.FirstLink!;
        string page = await _server.Nobody.GetStringAsync(link);
        Assert.Contains("<form method=\"post\" action=\"/invitation\">", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>", await _server.Nobody.GetStringAsync("/invitation?token=\"><script>alert(1)</script>"), StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.BadRequest, (await PostFormAsync(link, "short")).StatusCode);
        var kept = await PostFormAsync(link, Password);
        Assert.Equal(HttpStatusCode.OK, kept.StatusCode);
        Assert.True(kept.Headers.CacheControl!.NoStore);
        Assert.Equal(HttpStatusCode.NotFound, (await PostFormAsync(link, Password)).StatusCode);
        var (http, _) = await SignInAsync("administrator");
        http.Dispose();
    }

    [Fact]
    public async Task A_wrong_password_and_a_wrong_name_are_answered_alike()
    {
        await UserAsync("anna", "operator");

        var (wrong, unknown) = (await AskAsync("anna", "wrong horse battery"), await AskAsync("nobody", Password));

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (wrong.StatusCode, unknown.StatusCode));
        Assert.Equal(await wrong.Content.ReadAsStringAsync(), await unknown.Content.ReadAsStringAsync());
        Assert.False(wrong.Headers.Contains("Set-Cookie"));
        // each leaves one entry, so that the database has the same work; of the unknown name none, which may be a password
        var entries = (await _server.Operator.GetFromJsonAsync("/api/v1/audit?act=session.new", WireJson.Default.PageAuditEntry))!.Items;
        Assert.Equal([("", "unauthorized"), ("anna", "unauthorized")], entries.Select(e => (e.Name, e.Outcome)));
        Assert.DoesNotContain("nobody", string.Concat(entries), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync("anna", Password));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("anna' OR '1'='1", Password));
    }

    [Fact]
    public async Task A_cookie_is_out_of_reach_of_scripts_and_changes_nothing_without_the_token_of_its_session()
    {
        await UserAsync("anna", "operator");
        await UserAsync("bert", "operator");
        var answer = await AskAsync("anna", Password);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("hostup-session=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        var (anna, token) = await SignInAsync("anna");
        var (bert, berts) = await SignInAsync("bert");

        Assert.Equal(HttpStatusCode.OK, (await anna.GetAsync("/api/v1/devices")).StatusCode);
        foreach (string? wrong in (string?[])[null, "nonsense", berts])
            Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(anna, HttpMethod.Post, "/api/v1/fleets", wrong, """{"name":"stolen"}""")).StatusCode);
        Assert.Empty((await anna.GetFromJsonAsync("/api/v1/fleets", WireJson.Default.PageFleetView))!.Items);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(anna, HttpMethod.Post, "/api/v1/fleets", token, """{"name":"own"}""")).StatusCode);
        anna.Dispose();
        bert.Dispose();
    }

    [Fact]
    public async Task A_user_may_what_the_role_says_and_the_audit_log_has_the_name()
    {
        await UserAsync("watcher", "observer");
        var (http, token) = await SignInAsync("watcher");

        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/v1/releases")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(http, HttpMethod.Post, "/api/v1/fleets", token, """{"name":"no"}""")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await http.GetAsync("/api/v1/users")).StatusCode);

        var entries = (await _server.Operator.GetFromJsonAsync("/api/v1/audit", WireJson.Default.PageAuditEntry))!.Items.Where(e => e.Name == "watcher");
        Assert.Equal([("fleet.new", "forbidden"), ("session.new", "done"), ("user.set-password", "done")], entries.Select(e => (e.Act, e.Outcome)));
        http.Dispose();
    }

    [Fact]
    public async Task A_session_ends_when_its_user_signs_out_and_when_nobody_uses_it()
    {
        await UserAsync("anna", "operator");
        var (first, token) = await SignInAsync("anna");
        var (second, _) = await SignInAsync("anna");

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(first, HttpMethod.Delete, "/api/v1/session", token, null)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await first.GetAsync("/api/v1/devices")).StatusCode);
        for (int hours = 0; hours < 7 * 24; hours += 8)
        {
            Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/api/v1/devices")).StatusCode);
            _server.Time.Pass(TimeSpan.FromHours(8));
        }
        Assert.Equal(HttpStatusCode.Unauthorized, (await second.GetAsync("/api/v1/devices")).StatusCode);

        var (third, _) = await SignInAsync("anna");
        _server.Time.Pass(TimeSpan.FromHours(12));
        Assert.Equal(HttpStatusCode.Unauthorized, (await third.GetAsync("/api/v1/devices")).StatusCode);
        first.Dispose();
        second.Dispose();
        third.Dispose();
    }

    [Fact]
    public async Task Another_password_ends_every_session_and_an_ended_user_is_let_in_no_more()
    {
        await UserAsync("anna", "operator");
        var (http, _) = await SignInAsync("anna");
        var invited = await _server.Operator.PostAsync("/api/v1/users/anna/invite", null);
        var link = (await invited.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.UserInvitation))!.Link;
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/api/v1/devices")).StatusCode);

        await AcceptAsync(link, "another horse battery");

        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("anna", Password));
        var (other, _) = await SignInAsync("anna", "another horse battery");
        (await _server.Operator.PostAsync("/api/v1/users/anna/end", null)).EnsureSuccessStatusCode();
        Assert.Equal(HttpStatusCode.Unauthorized, (await other.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("anna", "another horse battery"));
        Assert.Equal(HttpStatusCode.NotFound, (await _server.Operator.PostAsync("/api/v1/users/anna/invite", null)).StatusCode);
        http.Dispose();
        other.Dispose();
    }

    [Fact]
    public async Task A_link_ends_after_three_days_and_the_one_before_it_at_once()
    {
        var made = await _server.PostAsync("/api/v1/users", new UserRequest("late"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        var invited = await _server.Operator.PostAsync("/api/v1/users/late/invite", null);
        string link = (await invited.Content.ReadFromJsonAsync(WireJson.Default.UserInvitation))!.Link;

        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(made.Link, Password)).StatusCode);
        _server.Time.Pass(TimeSpan.FromDays(3));
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(link, Password)).StatusCode);
    }

    [Fact]
    public async Task Nobody_makes_a_user_who_may_do_more_than_they_and_a_key_that_ends_makes_none()
    {
        var key = await _server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("ends") { ExpiresAt = _server.Time.GetUtcNow().AddDays(1) }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);
        using var ends = _server.Client(key.Key);
        (await _server.Operator.PostAsJsonAsync("/api/v1/fleets", new FleetRequest("north"), WireJson.Default.FleetRequest)).EnsureSuccessStatusCode();
        var narrow = _server.As((await _server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("north") { Fleet = "north" }, WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer)).Key);

        Assert.Equal(HttpStatusCode.Forbidden, (await ends.PostAsJsonAsync("/api/v1/users", new UserRequest("x"), WireJson.Default.UserRequest)).StatusCode);
        await narrow.PostAsync("/api/v1/users", new UserRequest("northern"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        Assert.Equal("north", Assert.Single((await narrow.Operator.GetFromJsonAsync("/api/v1/users", WireJson.Default.PageUserView))!.Items).Fleet);
        Assert.Equal(HttpStatusCode.NotFound, (await narrow.Operator.PostAsync("/api/v1/users/administrator/invite", null)).StatusCode);
        (await _server.Operator.DeleteAsync("/api/v1/fleets/north")).EnsureSuccessStatusCode();
        Assert.DoesNotContain((await _server.Operator.GetFromJsonAsync("/api/v1/users", WireJson.Default.PageUserView))!.Items, u => u.Name == "northern");
        Assert.Equal(HttpStatusCode.BadRequest, (await _server.Operator.PostAsJsonAsync("/api/v1/users", new UserRequest("x") { Role = "root" }, WireJson.Default.UserRequest)).StatusCode);
    }

    [Fact]
    public async Task A_password_that_was_compared_before_it_was_changed_begins_no_session()
    {
        await UserAsync("anna", "operator");
        await using var db = _server.Database();
        var compared = await db.Users.AsNoTracking().SingleAsync(u => u.Name == "anna");
        var sessions = new Sessions(db, _server.Time);
        Assert.NotNull(await sessions.BeginAsync(compared, CancellationToken.None));

        var invited = await _server.Operator.PostAsync("/api/v1/users/anna/invite", null);
        await AcceptAsync((await invited.Content.ReadFromJsonAsync(WireJson.Default.UserInvitation))!.Link, "another horse battery");

        Assert.Null(await sessions.BeginAsync(compared, CancellationToken.None));
        var changed = await db.Users.AsNoTracking().SingleAsync(u => u.Name == "anna");
        (await _server.Operator.PostAsync("/api/v1/users/anna/end", null)).EnsureSuccessStatusCode();
        Assert.Null(await sessions.BeginAsync(changed, CancellationToken.None));
    }

    [Fact]
    public async Task Nobody_bears_the_id_of_another_user_as_a_name()
    {
        var anna = await _server.PostAsync("/api/v1/users", new UserRequest("anna"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);

        Assert.Equal(HttpStatusCode.Conflict, (await _server.Operator.PostAsJsonAsync("/api/v1/users", new UserRequest(anna.Id), WireJson.Default.UserRequest)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await _server.Operator.PostAsync($"/api/v1/users/{anna.Id}/end", null)).StatusCode);
    }

    [Fact]
    public async Task A_user_signs_in_to_the_organisation_that_they_name()
    {
        var other = await _server.OrganisationAsync();
        string name = (await other.Operator.GetFromJsonAsync("/api/v1/organisations", WireJson.Default.PageOrganisationView))!.Items[0].Name;
        var made = await other.PostAsync("/api/v1/users", new UserRequest("anna"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        await AcceptAsync(made.Link, Password);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("anna", Password));
        var (http, _) = await SignInAsync("anna", Password, name);
        Assert.Equal(name, (await http.GetFromJsonAsync("/api/v1/session", WireJson.Default.SessionView))!.Organisation);
        http.Dispose();
    }

    [Fact]
    public async Task Passwords_cannot_be_tried_without_end()
    {
        var server = await DeltaServer.StartAsync(o => o with { PasswordBurst = 3 });
        var last = HttpStatusCode.Unauthorized;
        for (int i = 0; i < 200 && last == HttpStatusCode.Unauthorized; i++)
            last = (await server.Nobody.PostAsJsonAsync("/api/v1/session", new SignInRequest("administrator", Password), WireJson.Default.SignInRequest)).StatusCode;

        Assert.Equal(HttpStatusCode.TooManyRequests, last);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Neither_passwords_nor_sessions_nor_links_are_stored_in_the_clear()
    {
        var made = await _server.PostAsync("/api/v1/users", new UserRequest("open"), WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        await UserAsync("anna", "operator");
        var answer = await AskAsync("anna", Password);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("hostup-session=", StringComparison.Ordinal))["hostup-session=".Length..].Split(';')[0];

        foreach (string file in Directory.GetFiles(_server.Directory, "hostup.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var copy = new MemoryStream();
            await stream.CopyToAsync(copy);
            foreach (string secret in (string[])[Password, cookie, TokenOf(made.Link)])
                Assert.True(copy.ToArray().AsSpan().IndexOf(Encoding.UTF8.GetBytes(secret)) < 0, file);
        }
    }

    private async Task UserAsync(string name, string role)
    {
        var made = await _server.PostAsync("/api/v1/users", new UserRequest(name) { Role = role }, WireJson.Default.UserRequest, WireJson.Default.UserInvitation);
        await AcceptAsync(made.Link, Password);
    }

    private async Task<string> AcceptAsync(string link, string password) =>
        (await (await SendAsync(link, password)).EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.InvitationAnswer))!.Name;

    private Task<HttpResponseMessage> SendAsync(string link, string password) =>
        _server.Nobody.PostAsJsonAsync("/api/v1/invitation", new InvitationRequest(TokenOf(link), password), WireJson.Default.InvitationRequest);

    private Task<HttpResponseMessage> PostFormAsync(string link, string password) =>
        _server.Nobody.PostAsync("/invitation", new FormUrlEncodedContent([new("token", TokenOf(link)), new("password", password)]));

    private async Task<HttpResponseMessage> AskAsync(string name, string password, string? organisation = null, HttpClient? client = null)
    {
        using var own = new HttpClient { BaseAddress = _server.Address };
        return await (client ?? own).PostAsJsonAsync("/api/v1/session", new SignInRequest(name, password) { Organisation = organisation }, WireJson.Default.SignInRequest);
    }

    private async Task<HttpStatusCode> StatusAsync(string name, string password) => (await AskAsync(name, password)).StatusCode;

    /// <summary>A browser in which a user is signed in, and the token of the session.</summary>
    private async Task<(HttpClient Http, string Token)> SignInAsync(string name, string password = Password, string? organisation = null)
    {
        var client = new HttpClient { BaseAddress = _server.Address };
        var answer = await AskAsync(name, password, organisation, client);
        return (client, (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.SessionView))!.Antiforgery!);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path, string? token, string? body)
    {
        using var request = new HttpRequestMessage(method, path);
        if (token is not null)
            request.Headers.Add("Hostup-Antiforgery", token);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        return await client.SendAsync(request);
    }

    private static string TokenOf(string link) => link[(link.IndexOf('=', StringComparison.Ordinal) + 1)..];
}
