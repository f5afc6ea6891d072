using System.Net;
using System.Net.Http.Json;
using Hostup.Core;
using Hostup.Core.Trust;
using Hostup.Core.Wire;

namespace Hostup.Server.Tests.TrustLists;

public sealed class TrustListTests : IAsyncLifetime
{
    private readonly TestServer _server = new();
    private readonly SigningKey _root = SigningKey.Create();
    private readonly SigningKey _stranger = SigningKey.Create();

    public async ValueTask InitializeAsync() => await _server.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _root.Dispose();
        _stranger.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_device_learns_of_a_list_fetches_what_is_newer_and_can_check_every_byte()
    {
        var device = await _server.DeviceAsync();
        Assert.Equal(0, (await device.PollAsync()).TrustVersion);
        byte[] second = List(2), third = List(3);
        foreach (byte[] list in (byte[][])[second, third])
            Assert.Equal(HttpStatusCode.OK, (await PublishAsync(list)).StatusCode);

        Assert.Equal(3, (await device.PollAsync()).TrustVersion);
        var newer = (await device.Http.GetFromJsonAsync("/device/v1/trust?after=1", WireJson.Default.PageTrustListView))!.Items;
        Assert.Equal([2, 3], newer.Select(l => l.Version));
        Assert.Equal(3, Assert.Single((await device.Http.GetFromJsonAsync("/device/v1/trust?after=2", WireJson.Default.PageTrustListView))!.Items).Version);
        byte[] fetched = await device.Http.GetByteArrayAsync($"/device/v1/envelopes/{newer[0].Envelope}");
        Assert.Equal(second, fetched);
        Assert.Equal(Digest.Of(second), newer[0].Envelope);
    }

    [Fact]
    public async Task The_same_list_again_changes_nothing_and_an_older_or_foreign_one_is_refused()
    {
        byte[] list = List(5);
        await PublishAsync(list);

        Assert.Equal(HttpStatusCode.OK, (await PublishAsync(list)).StatusCode);
        Assert.Equal("trust-list", (await TestServer.ErrorAsync(await PublishAsync(List(4)))).Code);
        Assert.Equal("signature", (await TestServer.ErrorAsync(await PublishAsync(List(6, _stranger)))).Code);
        Assert.Equal("signature", (await TestServer.ErrorAsync(await PublishAsync("{}"u8.ToArray()))).Code);
        Assert.Equal(5, Assert.Single((await _server.Operator.GetFromJsonAsync("/api/v1/trust-lists", WireJson.Default.PageTrustListView))!.Items).Version);
    }

    private Task<HttpResponseMessage> PublishAsync(byte[] list) => _server.Operator.PostAsync("/api/v1/trust-lists", new ByteArrayContent(list));

    private byte[] List(long version, SigningKey? signer = null) => Envelope.Sign(
        TrustList.PayloadType, TrustList.Create(new Dictionary<TrustRole, TrustedKeys> { [TrustRole.Root] = new([(signer ?? _root).Public], 1) }, version).ToJson(), signer ?? _root).ToJson();
}
