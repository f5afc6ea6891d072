using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Linux.Files;
using Hostup.Updates.Files;

namespace Hostup.Device;

/// <summary>config.json on the boot partition, keys as upstream names them. Unknown keys are kept.</summary>
internal sealed class DeviceConfig
{
    private const string FilePath = Places.Boot + "/config.json";
    private readonly JsonObject _json;

    private DeviceConfig(JsonObject json) => _json = json;

    /// <summary>Address of the server (<c>apiEndpoint</c>); null: the device is not provisioned.</summary>
    public Uri? Server => Text("apiEndpoint") is { Length: > 0 } text ? ParseServer(text) : null;

    public string? Uuid => Text("uuid");

    /// <summary>The device's own key (<c>deviceApiKey</c>); null before registration.</summary>
    public string? DeviceKey => Text("deviceApiKey");

    /// <summary>The provisioning key (<c>apiKey</c>), used once.</summary>
    public string? ProvisioningKey => Text("apiKey");

    public string? DeviceType => Text("deviceType");

    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public static DeviceConfig Load()
    {
        if (!File.Exists(FilePath))
            return new DeviceConfig([]);
        try
        {
            return new DeviceConfig(JsonNode.Parse(File.ReadAllBytes(FilePath)) as JsonObject ?? throw new JsonException("it is no object"));
        }
        catch (Exception e) when (e is JsonException or IOException)
        {
            throw Bad(e.Message, e);
        }
    }

    /// <summary>Keeps what registration gave us. Durable when it returns.</summary>
    public void SaveRegistration(string uuid, string deviceKey)
    {
        _json["uuid"] = uuid;
        _json["deviceApiKey"] = deviceKey;
        _json.Remove("apiKey");
        var files = new LinuxFiles();
        using (files.OpenForWriting(Places.Boot))
            AtomicFile.Write(files, FilePath, System.Text.Encoding.UTF8.GetBytes(_json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n"));
    }

    private string? Text(string key) => _json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static Uri ParseServer(string text) => Uri.TryCreate(text.TrimEnd('/') + "/", UriKind.Absolute, out var uri) && uri.Scheme is ("http" or "https")
        ? uri!
        : throw Bad($"apiEndpoint '{text}' is no http or https address");

    private static HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BadConfig, $"cannot read {FilePath}", why, "restore the file from provisioning", inner);
}
