using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Hostup.Linux.Network;
using Hostup.Updates.Config;
using Hostup.Updates.Files;

namespace Hostup.Device;

/// <summary>config.json on the boot partition, keys as upstream names them. Unknown keys are kept.</summary>
internal sealed class DeviceConfig
{
    private readonly JsonObject _json;
    private readonly ConfigFile _file;

    private DeviceConfig(JsonObject json, ConfigFile file) => (_json, _file) = (json, file);

    /// <summary>Address of the server (<c>apiEndpoint</c>); null: the device is not provisioned.</summary>
    public Uri? Server => Text("apiEndpoint") is { Length: > 0 } text ? ParseServer(text) : null;

    public string? Uuid => Text("uuid");

    /// <summary>The device's own key (<c>deviceApiKey</c>); null before registration.</summary>
    public string? DeviceKey => Text("deviceApiKey");

    /// <summary>The provisioning key (<c>apiKey</c>); used when there is no device key, or one that the server does not know.</summary>
    public string? ProvisioningKey => Text("apiKey");

    public string? DeviceType => Text("deviceType");

    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public static DeviceConfig Load(IFiles? files = null)
    {
        var file = new ConfigFile(files ?? new LinuxFiles());
        return new DeviceConfig(file.Load(), file);
    }

    /// <summary>Opens connections as the owner wants them: <c>balenaRootCA</c> and <c>httpProxy</c>.</summary>
    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public ServerConnections Connections() => ServerConnections.Of(Text("balenaRootCA"), Text("httpProxy"));

    /// <summary>Keeps what registration gave us. Durable when it returns.</summary>
    public void SaveRegistration(string uuid, string deviceKey)
    {
        _json["uuid"] = uuid;
        _json.Remove("apiKey");
        SaveKey(deviceKey);
    }

    /// <summary>Keeps the name that the device is to have. Durable when it returns.</summary>
    public void SaveUuid(string uuid)
    {
        _json["uuid"] = uuid;
        _file.Save(_json);
    }

    /// <summary>Keeps another device key. Durable when it returns.</summary>
    public void SaveKey(string deviceKey)
    {
        _json["deviceApiKey"] = deviceKey;
        _file.Save(_json);
    }

    private string? Text(string key) => _json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static Uri ParseServer(string text) => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
        ? uri!
        : throw new HostupException(HostupErrors.BadConfig, $"cannot read {ConfigFile.FilePath}", $"apiEndpoint '{text}' is no http or https address", "restore the file from provisioning");
}
