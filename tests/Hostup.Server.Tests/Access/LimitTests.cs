using System.Net;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Tests.Deltas;

namespace Hostup.Server.Tests.Access;

/// <summary>One caller that goes wrong costs itself and nobody else; and what browsers are told of each answer.</summary>
public sealed class LimitTests(TestServer shared) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_key_that_asks_too_often_is_told_when_to_ask_again_and_holds_up_no_other()
    {
        var server = await DeltaServer.StartAsync(o => o with { RequestBurst = 20, RequestsPerSecond = 1 });
        var other = await server.PostAsync("/api/v1/operator-keys", new OperatorKeyRequest("other"), WireJson.Default.OperatorKeyRequest, WireJson.Default.OperatorKeyAnswer);

        var last = await server.Operator.GetAsync("/api/v1/devices");
        for (int i = 0; i < 200 && last.StatusCode == HttpStatusCode.OK; i++)
            last = await server.Operator.GetAsync("/api/v1/devices");

        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal("too-many", (await TestServer.ErrorAsync(last)).Code);
        Assert.True(last.Headers.RetryAfter!.Delta >= TimeSpan.FromSeconds(1));
        using var client = server.Client(other.Key);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Nobody.GetAsync("/healthz")).StatusCode);
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Wrong_keys_of_operators_from_one_address_are_soon_not_answered_and_good_ones_still_are()
    {
        var server = await DeltaServer.StartAsync(o => o with { FailureBurst = 5 });
        var device = await server.DeviceAsync();
        using var wrong = server.Client("hko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        using var stranger = server.Client("hkd_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

        Assert.Equal(HttpStatusCode.Unauthorized, (await wrong.GetAsync("/api/v1/devices")).StatusCode);
        var last = await wrong.GetAsync("/api/v1/devices");
        for (int i = 0; i < 200 && last.StatusCode == HttpStatusCode.Unauthorized; i++)
            last = await wrong.GetAsync("/api/v1/devices");

        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await server.Operator.GetAsync("/api/v1/devices")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await device.Http.GetAsync("/device/v1/poll")).StatusCode);
        for (int i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync("/device/v1/poll")).StatusCode);
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1", true)]
    [InlineData("::ffff:192.0.2.1", "::ffff:192.0.2.2", false)]
    public void Addresses_that_one_may_choose_from_are_one_source(string first, string second, bool same) =>
        Assert.Equal(same, SignInFailures.Source(IPAddress.Parse(first)) == SignInFailures.Source(IPAddress.Parse(second)));

    [Theory]
    [InlineData("/healthz", HttpStatusCode.OK)]
    [InlineData("/openapi/v1.json", HttpStatusCode.OK)]
    [InlineData("/api/v1/devices", HttpStatusCode.OK)]
    [InlineData("/api/v1/devices/none", HttpStatusCode.NotFound)]
    [InlineData("/nothing/here", HttpStatusCode.NotFound)]
    public async Task Every_answer_tells_browsers_to_do_no_more_with_it_than_it_is_for(string path, HttpStatusCode status)
    {
        var answer = await shared.Operator.GetAsync(path);

        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(path.StartsWith("/api/", StringComparison.Ordinal), answer.Headers.CacheControl?.NoStore ?? false);
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Who_came_over_TLS_is_told_to_come_so_again_and_devices_pay_for_no_header_that_they_do_not_need()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/healthz") { Headers = { { "X-Forwarded-Proto", "https" } } };
        var device = await shared.DeviceAsync();

        Assert.True((await shared.Nobody.SendAsync(request)).Headers.Contains("Strict-Transport-Security"));
        foreach (string path in (string[])["/device/v1/poll", "/v2/"])
            Assert.False((await device.Http.GetAsync(path)).Headers.Contains("X-Content-Type-Options"));
    }
}
