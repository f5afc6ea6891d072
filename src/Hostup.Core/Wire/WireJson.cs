using System.Text.Json.Serialization;

namespace Hostup.Core.Wire;

/// <summary>JSON of everything between device, server and CLI, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterAnswer))]
[JsonSerializable(typeof(PollAnswer))]
[JsonSerializable(typeof(DeviceStateReport))]
[JsonSerializable(typeof(AttemptReport))]
[JsonSerializable(typeof(AttemptAnswer))]
[JsonSerializable(typeof(ApiError))]
public sealed partial class WireJson : JsonSerializerContext;
