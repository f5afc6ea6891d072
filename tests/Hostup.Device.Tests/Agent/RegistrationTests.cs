using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Config;

namespace Hostup.Device.Tests.Agent;

/// <summary>A device without a uuid, whose boot partition takes no write, registers no device that it would not be again after its next start.</summary>
public sealed class RegistrationTests : IAsyncLifetime
{
    private readonly Impostor _server = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly SimDevice _sim = new(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));

    public ValueTask InitializeAsync()
    {
        var config = new JsonObject { ["apiEndpoint"] = _server.Base.ToString(), ["apiKey"] = "the-provisioning-key" };
        _sim.Boot.Provision(ConfigFile.FilePath, Encoding.UTF8.GetBytes(config.ToJsonString()));
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task The_server_is_asked_for_nothing_that_config_json_cannot_keep()
    {
        _sim.Files.BrokenPath = ConfigFile.FilePath;

        var error = await Assert.ThrowsAsync<HostupException>(() => RegisterAsync(Config));

        Assert.Equal(HostupErrors.Medium, error.Code);
        Assert.StartsWith("cannot register the device: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(_server.Requests);
    }

    [Fact]
    public async Task A_try_after_one_that_failed_is_the_same_device()
    {
        await Assert.ThrowsAsync<HostupException>(() => RegisterAsync(Config));
        string first = Asked.Uuid;
        Answer(first);

        await RegisterAsync(Config);

        Assert.Equal((first, first, "its-key"), (Asked.Uuid, Config.Uuid, Config.DeviceKey));
        Assert.Null(Config.ProvisioningKey);
    }

    [Fact]
    public async Task A_key_that_cannot_be_kept_is_gone_on_with_and_the_next_agent_is_the_same_device()
    {
        _sim.Files.Fault = _ => _server.Requests.IsEmpty ? null : "input/output error";
        var config = Config;
        Answer(new string('a', 32));

        await RegisterAsync(config);

        Assert.Equal("its-key", config.DeviceKey);
        Assert.Equal((Asked.Uuid, null, "the-provisioning-key"), (Config.Uuid, Config.DeviceKey, Config.ProvisioningKey));
    }

    /// <summary>As it lies on the boot partition now.</summary>
    private DeviceConfig Config => DeviceConfig.Load(_sim.Files);

    private RegisterRequest Asked => JsonSerializer.Deserialize(_server.Sent["device/v1/register"], WireJson.Default.RegisterRequest)!;

    private Task RegisterAsync(DeviceConfig config) => new Registration(_connections).RegisterAsync(config, "sim-device", default);

    private void Answer(string uuid) =>
        _server.Files["device/v1/register"] = JsonSerializer.SerializeToUtf8Bytes(new RegisterAnswer(uuid, "its-key"), WireJson.Default.RegisterAnswer);
}
