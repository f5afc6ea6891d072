namespace Hostup.Core.Devices;

/// <summary>What is known of device types whose slugs fit one entry of device-types.json.</summary>
public sealed record KnownDeviceType
{
    /// <summary>Slugs; a star stands for any text and is at the beginning or the end.</summary>
    public IReadOnlyList<string> Slugs { get; init => field = value ?? []; } = [];

    /// <summary>Processor architecture: x86, x86-64, armv6, armv7, aarch64.</summary>
    public string Architecture { get; init => field = value ?? ""; } = "";

    /// <summary>Families of <see cref="Devices.BootLoaders"/> that its OS versions have had, the present one first.</summary>
    public IReadOnlyList<string> BootLoaders { get; init => field = value ?? []; } = [];

    /// <summary>How the root is named where the family is <see cref="Devices.BootLoaders.Direct"/>: command-line, grub-label or u-env; null: it never was.</summary>
    public string? Direct { get; init; }

    /// <summary>Partition numbers of slot A and slot B.</summary>
    public IReadOnlyList<int> Slots { get; init => field = value ?? [2, 3]; } = [2, 3];

    /// <summary>Files of the boot partition that older releases left and that newer ones have no room for, removed with the boot files' update.</summary>
    public IReadOnlyList<string> Removes { get; init => field = value ?? []; } = [];

    /// <summary>What a support engineer must know of it, a sentence each.</summary>
    public IReadOnlyList<string> Quirks { get; init => field = value ?? []; } = [];

    internal bool Fits(string slug) => Slugs.Any(pattern => Fits(pattern, slug));

    internal static bool Fits(string pattern, string slug) =>
        pattern.StartsWith('*') ? slug.EndsWith(pattern[1..], StringComparison.Ordinal)
        : pattern.EndsWith('*') ? slug.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : slug == pattern;
}
