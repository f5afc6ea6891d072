using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.Releases;

public sealed class ReleaseTests(TestServer server) : IClassFixture<TestServer>
{
    [Fact]
    public async Task A_published_release_is_listed_with_what_its_manifest_says()
    {
        var image = await server.PushAsync("hostos/x", "first"u8.ToArray());
        byte[] envelope = server.Sign("1.2.3+rev4", image);

        var release = await server.PublishAsync(envelope);
        var again = await server.PublishAsync(envelope);

        Assert.Equal(release, again);
        Assert.Equal(("1.2.3+rev4", image, Digest.Of(envelope)), (release.Version, release.Image, release.Envelope));
        var list = await server.Operator.GetFromJsonAsync("/api/v1/releases?version=1.2.3%2Brev4", WireJson.Default.PageReleaseView);
        Assert.Equal(release, Assert.Single(list!.Items));
        Assert.Equal(envelope, await server.Operator.GetByteArrayAsync($"/api/v1/releases/{release.Id}/envelope"));
    }

    [Fact]
    public async Task A_release_whose_image_is_not_complete_is_refused()
    {
        var answer = await server.Operator.PostAsync("/api/v1/releases", new ByteArrayContent(server.Sign("1.0.0", Digest.Of("nothing"u8))));

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        Assert.Equal("bad-image", (await TestServer.ErrorAsync(answer)).Code);
    }

    [Fact]
    public async Task What_is_no_signed_release_is_refused()
    {
        foreach (byte[] body in (byte[][])["{}"u8.ToArray(), Envelope.Sign(UpdaterStatement.PayloadType, "{}"u8, server.SigningKey).ToJson()])
            Assert.Equal("signature", (await TestServer.ErrorAsync(await server.Operator.PostAsync("/api/v1/releases", new ByteArrayContent(body)))).Code);
    }

    [Fact]
    public async Task One_sequence_names_one_image()
    {
        await server.PublishAsync(server.Sign("20.0.0", await server.PushAsync("hostos/x", "s1"u8.ToArray()), sequence: 4711));

        var answer = await server.Operator.PostAsync("/api/v1/releases", new ByteArrayContent(server.Sign("20.0.1", await server.PushAsync("hostos/x", "s2"u8.ToArray()), sequence: 4711)));

        Assert.Equal("conflict", (await TestServer.ErrorAsync(answer)).Code);
    }

    [Fact]
    public async Task An_invalidated_release_keeps_its_reason_and_starts_no_update()
    {
        var release = await server.ReleaseAsync("30.0.0");
        var device = await server.DeviceAsync();

        await server.Operator.PostAsJsonAsync($"/api/v1/releases/{release.Id}/invalidate", new InvalidateRequest("eats disks"), WireJson.Default.InvalidateRequest);
        await server.Operator.PostAsJsonAsync($"/api/v1/releases/{release.Id}/invalidate", new InvalidateRequest("other"), WireJson.Default.InvalidateRequest);
        var answer = await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = "30.0.0" }, WireJson.Default.UpdateRequest);

        var error = await TestServer.ErrorAsync(answer);
        Assert.Equal((HttpStatusCode.Conflict, "invalidated"), (answer.StatusCode, error.Code));
        Assert.Contains("eats disks", error.Title, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_needs_a_release_for_the_devices_type()
    {
        await server.ReleaseAsync("40.0.0", "raspberrypi4-64");
        var device = await server.DeviceAsync();

        foreach (var (release, code) in (ValueTuple<string, string>[])[("40.0.0", "device-type"), ("41.0.0", "not-found")])
        {
            var answer = await server.Operator.PostAsJsonAsync($"/api/v1/devices/{device.Uuid}/updates", new UpdateRequest { Release = release }, WireJson.Default.UpdateRequest);
            Assert.Equal(code, (await TestServer.ErrorAsync(answer)).Code);
        }
    }
}
