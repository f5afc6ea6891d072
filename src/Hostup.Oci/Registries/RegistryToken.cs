using System.Text.Json.Serialization;

namespace Hostup.Oci.Registries;

/// <summary>Answer of a token server (distribution specification, token authentication).</summary>
internal sealed record RegistryToken(
    [property: JsonPropertyName("token")] string? Token,
    [property: JsonPropertyName("access_token")] string? AccessToken);
