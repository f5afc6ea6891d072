using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Hostup.Core.Devices;

/// <summary>The device types that this program knows, as data: device-types.json.</summary>
public sealed record DeviceTypes
{
    private static readonly Lazy<DeviceTypes> BuiltIn = new(Load);

    /// <summary>The entries; the first that fits a slug is its entry.</summary>
    public IReadOnlyList<KnownDeviceType> Types { get; init => field = value ?? []; } = [];

    /// <summary>What releases without a list of their own keep back, by device type and version.</summary>
    public IReadOnlyList<KeptBackRule> KeptBack { get; init => field = value ?? []; } = [];

    /// <summary>The rows of <see cref="KeptBack"/> that come with this program.</summary>
    public static IReadOnlyList<KeptBackRule> AllKeptBack => BuiltIn.Value.KeptBack;

    /// <summary>All that come with this program.</summary>
    public static IReadOnlyList<KnownDeviceType> All => BuiltIn.Value.Types;

    /// <summary>What is known of a device type; null: nothing.</summary>
    /// <param name="slug">Its slug.</param>
    public static KnownDeviceType? Find(string slug) => All.FirstOrDefault(t => t.Fits(slug));

    private static DeviceTypes Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Hostup.Core.Devices.device-types.json")!;
        return JsonSerializer.Deserialize(stream, DeviceTypesJson.Default.DeviceTypes)!;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(DeviceTypes))]
internal sealed partial class DeviceTypesJson : JsonSerializerContext;
