using System.Text.Json.Serialization;

namespace Hostup.Core.Trust;

/// <summary>JSON of everything that is signed or says who may sign, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(EnvelopeDocument))]
[JsonSerializable(typeof(TrustDocument))]
[JsonSerializable(typeof(UpdaterStatement))]
internal sealed partial class TrustJson : JsonSerializerContext;
