using System.Collections.Frozen;
using Hostup.Core.Devices;
using Hostup.Core.Releases;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>Files of the boot partition that an update never replaces.</summary>
public static class KeptBack
{
    // The boot loader's own variables: written by the boot environment alone, whatever a release says.
    private static readonly string[] BootLoader =
        ["EFI/BOOT/grubenv", "grub/grubenv", "grubenv", "resinOS_uEnv.txt", "bootcount.env", "bootenv"];

    // Who the device is, and its server: nobody else's file takes their place, whatever a release says.
    private static readonly string[] Settings = ["config.json", "config.json.copy"];

    /// <summary>Whether a file holds variables of the boot loader, which change by themselves.</summary>
    public static bool IsVariable(string path) => BootLoader.Contains(path, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a file holds the device's own settings.</summary>
    public static bool IsSetting(string path) => Settings.Contains(path, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// The list of a release, or the built-in one of its device type and version; the boot loader's variables and the device's settings are always on it. FAT ignores case, so
    /// does the set.
    /// </summary>
    public static IReadOnlySet<string> Of(ReleaseManifest release) =>
        (release.KeptBack ?? DeviceTypes.AllKeptBack.Where(r => r.Holds(release.DeviceType, release.Version)).SelectMany(r => r.Paths)).Concat(BootLoader).Concat(Settings).Select(p => p.TrimStart('/')).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>The same, with the file that holds the boot settings, whatever its name.</summary>
    public static IReadOnlySet<string> Of(ReleaseManifest release, IBootEnvironment boot) =>
        Of(release).Append(Path.GetRelativePath(Places.Boot, boot.Path)).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Everything on the built-in list, for an OS that repairs its own files and has no release at hand.</summary>
    public static IReadOnlySet<string> BuiltIn { get; } = DeviceTypes.AllKeptBack.SelectMany(r => r.Paths).Concat(BootLoader).Concat(Settings).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
}
