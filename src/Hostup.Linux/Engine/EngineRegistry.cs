using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hostup.Linux.Engine;

/// <summary>The server's registry as the container engine needs it.</summary>
/// <param name="Host">Host and port.</param>
/// <param name="User">Name of the device there.</param>
/// <param name="Key">Its key; never logged.</param>
public sealed record EngineRegistry(string Host, string User, string Key)
{
    /// <summary>Value of the engine API's X-Registry-Auth header: base64url of a JSON document.</summary>
    public string Header() => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(
        new EngineLogin(User, Key, Host), EngineJson.Default.EngineLogin)).Replace('+', '-').Replace('/', '_');

    /// <inheritdoc/>
    public override string ToString() => $"{User} at {Host}";
}

internal sealed record EngineLogin(
    [property: JsonPropertyName("username")] string User,
    [property: JsonPropertyName("password")] string Password,
    [property: JsonPropertyName("serveraddress")] string Server);

[JsonSerializable(typeof(EngineLogin))]
[JsonSerializable(typeof(string))]
internal sealed partial class EngineJson : JsonSerializerContext;
