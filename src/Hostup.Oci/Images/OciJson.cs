using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Oci.Images;

/// <summary>JSON of images, layouts and registries, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciIndex))]
[JsonSerializable(typeof(OciConfig))]
[JsonSerializable(typeof(DockerArchiveImage[]))]
[JsonSerializable(typeof(RegistryToken))]
internal sealed partial class OciJson : JsonSerializerContext
{
    /// <summary>Largest manifest or index, as registries limit it.</summary>
    public const int MaxManifestBytes = 4 << 20;

    /// <summary>Largest configuration taken; real ones have some 10 KB.</summary>
    public const int MaxConfigBytes = 8 << 20;

    /// <summary>Reads a document.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> when it is not JSON of that form.</exception>
    public static T Parse<T>(ReadOnlySpan<byte> json, JsonTypeInfo<T> type, string name)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new HostupException(HostupErrors.BadImage, $"cannot read {name}", e.Message, "build or push the image again", e);
        }
    }
}
