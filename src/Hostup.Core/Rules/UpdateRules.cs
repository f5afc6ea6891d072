using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Core.Versions;

namespace Hostup.Core.Rules;

/// <summary>What may be updated to what, as data; docs/rules.md describes the file. Device types that it does not name are allowed.</summary>
public sealed record UpdateRules
{
    /// <summary>Names of the files that come with this program.</summary>
    public static readonly IReadOnlyList<string> BuiltIn = ["default", "balena-2026"];

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    public string Description { get; init => field = value ?? ""; } = "";

    /// <summary>Whether pre-releases may be source and target.</summary>
    public bool PreReleases { get; init; }

    /// <summary>The paths; the first whose ranges of first numbers hold both versions is the one.</summary>
    public IReadOnlyList<UpdatePath> Paths { get; init => field = value ?? []; } = [];

    /// <summary>What differs for device types; the first that is about a type and its path holds.</summary>
    public IReadOnlyList<DeviceTypeRule> DeviceTypes { get; init => field = value ?? []; } = [];

    /// <summary>Invalidated releases and those that some hardware does not bear.</summary>
    public IReadOnlyList<BlockedUpdate> Blocked { get; init => field = value ?? []; } = [];

    /// <summary>Versions that the way to a target may lead over.</summary>
    public IReadOnlyList<string> SteppingStones { get; init => field = value ?? []; } = [];

    /// <summary>Reads one that comes with this program.</summary>
    /// <param name="name">One of <see cref="BuiltIn"/>.</param>
    /// <exception cref="HostupException"><c>bad-value</c> when it is none of them.</exception>
    public static UpdateRules Load(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Hostup.Core.Rules.{name}.json")
            ?? throw Malformed(name, $"it is neither a file nor one of {string.Join(", ", BuiltIn)}", null);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Read(bytes.ToArray(), name);
    }

    /// <summary>Reads the JSON of rules.</summary>
    /// <param name="json">UTF-8.</param>
    /// <param name="name">How errors name it.</param>
    /// <exception cref="HostupException"><c>bad-value</c> with what is wrong in it.</exception>
    public static UpdateRules Read(ReadOnlySpan<byte> json, string name)
    {
        try
        {
            var rules = JsonSerializer.Deserialize(json, RulesJson.Default.UpdateRules) ?? throw new JsonException("it is null");
            return rules.Fault() is { } fault ? throw new JsonException(fault) : rules;
        }
        catch (JsonException e)
        {
            throw Malformed(name, e.Message, e);
        }
    }

    private string? Fault()
    {
        var bounds = Paths.SelectMany(p => new[] { p.Source, p.Target }).Concat(DeviceTypes.SelectMany(t => new[] { t.Source, t.Target })).Concat(Blocked.Select(b => b.Target));
        var versions = bounds.SelectMany(b => new[] { b.AtLeast, b.Below }).Concat(DeviceTypes.Select(t => t.TakeoverFrom)).Concat(SteppingStones);
        if (versions.FirstOrDefault(v => v is not null && !OsVersion.TryParse(v, out _)) is { } wrong)
            return $"'{wrong}' is no version";
        if (DeviceTypes.FirstOrDefault(t => t.Path is not null && Paths.All(p => p.Name != t.Path)) is { } lost)
            return $"device type '{lost.DeviceType}' names path '{lost.Path}', which is not there";
        return Paths is [] ? "it has no paths" : null;
    }

    private static HostupException Malformed(string name, string why, Exception? inner) =>
        new(HostupErrors.BadValue, $"cannot read rules '{name}'", why, "give a file as docs/rules.md describes it, or the name of one that comes with the program", inner);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(UpdateRules))]
internal sealed partial class RulesJson : JsonSerializerContext;
