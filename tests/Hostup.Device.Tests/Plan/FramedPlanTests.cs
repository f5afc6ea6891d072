using System.Net.Http.Headers;
using System.Net.Http.Json;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Networks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Sources;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;
using Hostup.Server;

namespace Hostup.Device.Tests.Plan;

/// <summary>What the plan of a framed release says, and what our server's registry then sends to the step that writes it.</summary>
[Trait("Needs", "root")]
public sealed class FramedPlanTests : IAsyncDisposable
{
    private const string Uuid = "00112233445566778899aabbccddeeff";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-framed-plan-");
    private ServerHost? _server;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData(6 << 20)]
    [InlineData(14 << 20)]
    public async Task Bytes_of_a_framed_release_are_within_two_percent_of_the_plan_by_source(int largeBytes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: owners and devices cannot be made without it");
        await using var release = await NetworkRelease.MakeAsync(largeBytes);
        Assert.All(release.Manifest.Image.Layers, l => Assert.NotEmpty(l.Members));
        var device = await ServeAsync(release);
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System);
        var planned = new SimDevice(SimRelease.Make("1.0.0", SimBehaviour.Good), SimRelease.Make("2.0.0", SimBehaviour.Good))
        {
            Sources = [new RegistrySource("registry", link, _server!.Address, device, null)],
        };
        planned.Target = planned.Target with { Release = release.Manifest };

        var plan = await planned.Target.PlanAsync(planned);
        using var fetch = new SlotFetch(Path.Combine(_folder.FullName, "device")) { Credentials = device };
        string brought = await fetch.RunAsync(release.Manifest, [("registry", _server.Address)], Ct);

        Assert.Equal("registry", brought);
        Assert.Equal(release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(Path.Combine(_folder.FullName, "device/tree"), null, Ct));
        var expected = plan.Estimate!.Bytes.Where(b => !b.Fetched && b.Received is not null).ToDictionary(b => b.Cause, b => b.Received!.Value);
        Assert.Equal(["registry"], expected.Keys);
        Assert.True(expected["registry"] > largeBytes, $"{expected["registry"]} bytes are planned");
        Assert.Equal(expected.Keys, fetch.Account.Select(b => b.Cause));
        Assert.All(fetch.Account, b => Assert.InRange(b.Received, expected[b.Cause] * 98 / 100, expected[b.Cause] * 102 / 100));
    }

    /// <summary>A real server that has the image, and a device that is registered there.</summary>
    private async Task<RegistryCredentials> ServeAsync(NetworkRelease release)
    {
        _server = await ServerHost.StartAsync(new ServerOptions { DataDirectory = Path.Combine(_folder.FullName, "data"), Urls = "http://127.0.0.1:0", LogLevel = Microsoft.Extensions.Logging.LogLevel.Error }, Ct);
        string key = (await File.ReadAllTextAsync(_server.OperatorKeyFile, Ct)).Trim();
        using var push = new HttpClient(RegistryClient.NewHandler());
        var layout = OciLayout.Open(release.Layout);
        await new RegistryClient(push, new RegistryLocation(_server.Address, release.Manifest.Image.Repository), new RegistryCredentials("operator", key), new TransferCounter())
            .PushAsync(await layout.LoadAsync("framed", OciPlatform.LinuxAmd64, Ct), layout, null, Ct);

        using var http = new HttpClient { BaseAddress = _server.Address };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        var provisioning = await http.PostAsJsonAsync("/api/v1/provisioning-keys", new ProvisioningKeyRequest("test", null), WireJson.Default.ProvisioningKeyRequest, Ct);
        var provisioningKey = (await provisioning.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.ProvisioningKeyAnswer, Ct))!.Key;
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, _server.Address, deviceKey: null);
        var registered = await link.RegisterAsync(provisioningKey, new RegisterRequest(Uuid, "folder", null), Ct);
        return new RegistryCredentials($"d_{Uuid}", registered.DeviceKey);
    }
}
