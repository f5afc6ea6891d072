namespace Hostup.Core.Rules;

/// <summary>What differs for a device type.</summary>
public sealed record DeviceTypeRule
{
    /// <summary>Slug; a star at its end stands for any rest: <c>qemux86*</c>.</summary>
    public required string DeviceType { get; init; }

    /// <summary>Name of the path that it is about; null: all paths.</summary>
    public string? Path { get; init; }

    /// <summary>Bounds of the running version in the place of the path's.</summary>
    public VersionBounds Source { get; init => field = value ?? new(); } = new();

    /// <summary>Bounds of the target in the place of the path's.</summary>
    public VersionBounds Target { get; init => field = value ?? new(); } = new();

    /// <summary>From this version on the disk gets another layout, so that an update from below needs the take-over path; null: never.</summary>
    public string? TakeoverFrom { get; init; }

    internal bool IsAbout(string deviceType) => Matches(DeviceType, deviceType);

    internal static bool Matches(string pattern, string deviceType) =>
        pattern.EndsWith('*') ? deviceType.StartsWith(pattern[..^1], StringComparison.Ordinal) : deviceType == pattern;
}
