using Hostup.Core.Versions;

namespace Hostup.Core.Devices;

/// <summary>Files of the boot partition that releases without a list of their own leave alone; a row of device-types.json.</summary>
public sealed record KeptBackRule
{
    /// <summary>Paths on the boot partition.</summary>
    public IReadOnlyList<string> Paths { get; init => field = value ?? []; } = [];

    /// <summary>Device types, as in <see cref="KnownDeviceType.Slugs"/>; empty: all.</summary>
    public IReadOnlyList<string> Slugs { get; init => field = value ?? []; } = [];

    /// <summary>First version of the target for which it holds; null: any.</summary>
    public string? From { get; init; }

    /// <summary>Whether it holds for a release.</summary>
    /// <param name="deviceType">Its device type.</param>
    /// <param name="version">Its version.</param>
    public bool Holds(string deviceType, string version) =>
        (Slugs is [] || Slugs.Any(s => KnownDeviceType.Fits(s, deviceType))) && (From is null || OsVersion.TextOrder.Compare(version, From) >= 0);
}
