using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Linux.Machines;
using Hostup.Updates.Config;

namespace Hostup.Device.Tests.Agent;

/// <summary>The device's own key against a real server: given, changed, lost, given anew.</summary>
public sealed class IdentityOnTheWireTests : IAsyncLifetime
{
    private const string Uuid = "00112233445566778899aabbccddeeff";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-identity-");
    private readonly SimDevice _device = new(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));
    private RealServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RealServer.StartAsync();
        _device.Boot.Provision(ConfigFile.FilePath, OsBuilderText(new JsonObject { ["uuid"] = Uuid, ["apiEndpoint"] = _server.Address.ToString(), ["apiKey"] = await _server.ProvisioningKeyAsync() }));
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_device_registers_changes_its_key_and_keeps_it()
    {
        await RegisterAsync();
        string first = Config.DeviceKey!;
        using var connections = Config.Connections();
        using var link = new ServerLink(connections, Config.Server!, Config.DeviceKey);
        (await _server.Operator.PostAsync($"/api/v1/devices/{Uuid}/rotate-key", null)).EnsureSuccessStatusCode();
        Assert.True((await link.PollAsync(default)).RotateKey);

        Assert.True(await new DeviceKeys(Config, link, _device.Files, _device.Ports).ChangeAsync(default));

        Assert.NotEqual(first, Config.DeviceKey);
        Assert.False((await link.PollAsync(default)).RotateKey);
        using var old = new ServerLink(connections, Config.Server!, first);
        Assert.Equal(HostupErrors.Unauthorized, (await Assert.ThrowsAsync<HostupException>(() => old.PollAsync(default))).Code);
        using var kept = new ServerLink(connections, Config.Server!, Config.DeviceKey);
        Assert.Null((await kept.PollAsync(default)).Target);
    }

    [Fact]
    public async Task A_device_whose_key_is_dead_registers_again_when_it_has_a_provisioning_key()
    {
        await RegisterAsync();
        Assert.False(DeviceKeys.MayRegisterAgain(_device.Files));
        (await _server.Operator.PostAsync($"/api/v1/devices/{Uuid}/reset-key", null)).EnsureSuccessStatusCode();
        // the owner puts a provisioning key beside the dead one
        var config = new ConfigFile(_device.Files);
        var content = config.Load();
        content["apiKey"] = await _server.ProvisioningKeyAsync();
        config.Save(content);

        Assert.True(DeviceKeys.MayRegisterAgain(_device.Files));
        await RegisterAsync();

        using var connections = Config.Connections();
        using var link = new ServerLink(connections, Config.Server!, Config.DeviceKey);
        Assert.Equal(900, (await link.PollAsync(default)).IntervalSeconds);
        Assert.Null(Config.ProvisioningKey);
    }

    [Fact]
    public async Task Each_machine_says_which_one_it_is()
    {
        await RegisterAsync();
        using var connections = Config.Connections();
        using var link = new ServerLink(connections, Config.Server!, Config.DeviceKey);
        using var copy = new ServerLink(connections, Config.Server!, Config.DeviceKey);
        link.Introduce("boot-1", "serial 1");
        copy.Introduce("boot-2", "serial 2");

        foreach (var machine in (ServerLink[])[link, copy, link, copy, link])
            await machine.PollAsync(default);

        var view = (await _server.Operator.GetFromJsonAsync($"/api/v1/devices/{Uuid}", WireJson.Default.DeviceView))!;
        Assert.Equal(["serial 1", "serial 2"], view.Machines.Select(m => m.Machine).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_a_machine_is_known_by_is_read_from_its_hardware()
    {
        string root = Path.Combine(_folder.FullName, "root");
        foreach (var (path, text) in new[] { ("proc/device-tree/serial-number", "100000004bd0aa3e\0"), ("sys/class/net/docker0/address", "02:42:00:00:00:01\n"), ("sys/class/net/eth0/address", "b8:27:eb:00:00:01\n") })
        {
            Directory.CreateDirectory(Path.Combine(root, Path.GetDirectoryName(path)!));
            await File.WriteAllTextAsync(Path.Combine(root, path), text);
        }
        Directory.CreateDirectory(Path.Combine(root, "sys/class/net/eth0/device"));

        Assert.Equal("serial 100000004bd0aa3e, b8:27:eb:00:00:01", MachineIdentity.Read(root));
        Assert.Equal("", MachineIdentity.Read(Path.Combine(root, "empty")));
    }

    private DeviceConfig Config => DeviceConfig.Load(_device.Files);

    private async Task RegisterAsync()
    {
        using var connections = Config.Connections();
        using var link = new ServerLink(connections, Config.Server!, deviceKey: null);
        var answer = await link.RegisterAsync(Config.ProvisioningKey!, new RegisterRequest(Uuid, "sim-device", null), default);
        Config.SaveRegistration(answer.Uuid, answer.DeviceKey);
    }

    private static byte[] OsBuilderText(JsonObject json) => System.Text.Encoding.UTF8.GetBytes(json.ToJsonString());
}
