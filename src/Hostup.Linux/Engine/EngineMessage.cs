using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hostup.Linux.Engine;

/// <summary>What an engine says.</summary>
internal static class EngineMessage
{
    /// <summary>The error in a line of a pull, which comes after its 200; null: none.</summary>
    public static string? ErrorOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out var error) ? error.ToString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Identity of an image, and the names with digests that it has.</summary>
    public static (string? Id, IReadOnlyList<string> Digests) ImageOf(ReadOnlySpan<byte> json)
    {
        var image = JsonSerializer.Deserialize(json, EngineJson.Default.EngineImage);
        return (image?.Id, image?.RepoDigests ?? []);
    }

    /// <summary>Identities of the images of a list of containers.</summary>
    public static IReadOnlyList<string?> ImagesOf(ReadOnlySpan<byte> json) => [.. (JsonSerializer.Deserialize(json, EngineJson.Default.EngineContainerArray) ?? []).Select(c => c?.ImageID)];
}

internal sealed record EngineImage(string? Id, IReadOnlyList<string>? RepoDigests);

internal sealed record EngineContainer(string? ImageID);

[JsonSerializable(typeof(EngineImage))]
[JsonSerializable(typeof(EngineContainer[]))]
[JsonSerializable(typeof(string))]
internal sealed partial class EngineJson : JsonSerializerContext;
