using System.Text.Json.Serialization;
using Hostup.Core.Inventory;
using Hostup.Core.Rules;

namespace Hostup.Core.Wire;

/// <summary>JSON of everything between device, server and CLI, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, Converters = [typeof(DigestJsonConverter)])]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterAnswer))]
[JsonSerializable(typeof(PollAnswer))]
[JsonSerializable(typeof(DeviceStateReport))]
[JsonSerializable(typeof(AttemptReport))]
[JsonSerializable(typeof(AttemptAnswer))]
[JsonSerializable(typeof(LogAnswer))]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(ProvisioningKeyRequest))]
[JsonSerializable(typeof(ProvisioningKeyAnswer))]
[JsonSerializable(typeof(DeviceKeyAnswer))]
[JsonSerializable(typeof(ProvisioningKeyView))]
[JsonSerializable(typeof(Page<ProvisioningKeyView>))]
[JsonSerializable(typeof(TrustListView))]
[JsonSerializable(typeof(Page<TrustListView>))]
[JsonSerializable(typeof(DeviceEvent))]
[JsonSerializable(typeof(Page<DeviceEvent>))]
[JsonSerializable(typeof(ReleaseView))]
[JsonSerializable(typeof(Page<ReleaseView>))]
[JsonSerializable(typeof(InvalidateRequest))]
[JsonSerializable(typeof(UpdaterView))]
[JsonSerializable(typeof(Page<UpdaterView>))]
[JsonSerializable(typeof(DeviceView))]
[JsonSerializable(typeof(Page<DeviceView>))]
[JsonSerializable(typeof(UpdateRequest))]
[JsonSerializable(typeof(UpdatePolicy))]
[JsonSerializable(typeof(PolicySettings))]
[JsonSerializable(typeof(AttemptView))]
[JsonSerializable(typeof(Page<AttemptView>))]
[JsonSerializable(typeof(RuleVerdict))]
[JsonSerializable(typeof(InventoryDiff))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
public sealed partial class WireJson : JsonSerializerContext;
