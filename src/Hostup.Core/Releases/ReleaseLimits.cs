using Hostup.Core.Versions;

namespace Hostup.Core.Releases;

/// <summary>What no manifest may say, whoever signed it: sizes below zero, times out of range, boot files outside the boot partition.</summary>
public static class ReleaseLimits
{
    private const int MaxBootFiles = 4096; // a boot partition with overlays has some hundreds
    private const int MaxHooks = 256;
    private const int MaxRepository = 255; // as Docker Hub and the reference registry have it

    /// <summary>Longest label of an ext4 file system, bytes.</summary>
    public const int LabelBytes = 16;

    /// <summary>What is wrong; null when nothing is.</summary>
    internal static string? Fault(ReleaseManifest release)
    {
        if (release.Requires.Contains(null!) || release.Packages.Contains(null!) || release.SteppingStones.Contains(null!) || release.BootFiles.Contains(null!) || release.BootLoaders.Contains(null!) || release.KeptBack?.Contains(null!) == true)
            return "a list in it holds null";
        if (release.BootLoaders.FirstOrDefault(b => !Devices.BootLoaders.Served.Contains(b)) is { } loader)
            return $"boot loader '{loader}' in it is none of {string.Join(", ", Devices.BootLoaders.Served)}";
        if (release.Image is null || release.Root is null || release.Health is null || release.Notes is null || release.Version is null || release.DeviceType is null)
            return "a part of it is null";
        if (release.Sequence < 0 || release.Image.DownloadBytes < 0 || release.Supervisor?.DownloadBytes < 0 || release.Root is not { ContentBytes: >= 0, SpaceBytes: >= 0, Entries: >= 0 })
            return "a size or the sequence in it is below zero";
        if (!IsRepository(release.Image.Repository))
            return $"repository '{release.Image.Repository}' of its image is none";
        if (release.Root.Label.Length > LabelBytes || release.Root.Ext4Features.Any(f => f is null || !f.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')))
            return "label or features of its root are malformed";
        if (release.Health is not { IntervalSeconds: >= 1 and <= 3600, Count: >= 1 and <= 1000 })
            return "its health checks are not 1 to 1000 every 1 to 3600 seconds";
        if (release.SteppingStones.FirstOrDefault(s => !OsVersion.TryParse(s, out _) || OsVersion.TextOrder.Compare(s, release.Version) >= 0) is { } stone)
            return $"stepping stone '{stone}' is not a version below {release.Version}";
        if (release.Hooks.Count > MaxHooks || release.Hooks.Any(h => !IsInside(h)))
            return $"its list of hooks is malformed, or has more than {MaxHooks}";
        if (release.Hooks is not [] && !release.Requires.Contains(HookFolder.Feature))
            return $"it has hooks, but does not require '{HookFolder.Feature}'";
        if (release.BootFiles.Count > MaxBootFiles)
            return $"it has {release.BootFiles.Count} boot files, at most {MaxBootFiles} are taken";
        return release.BootFiles.FirstOrDefault(f => f.Size < 0 || !IsInside(f.Path)) is { } file ? $"boot file '{file.Path}' is malformed" : BootAreaLimits.Fault(release);
    }

    // The distribution specification's <name>, as far as it keeps a request where it belongs; it becomes a part of an address.
    private static bool IsRepository(string? name) => name is { Length: > 0 and <= MaxRepository }
        && name.Split('/').All(part => part.Length > 0 && char.IsAsciiLetterOrDigit(part[0]) && char.IsAsciiLetterOrDigit(part[^1])
            && part.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-') && !part.Contains("..", StringComparison.Ordinal));

    private static bool IsInside(string? path) =>
        path is { Length: > 0 and <= 1024 } && !path.StartsWith('/') && !path.Contains('\0', StringComparison.Ordinal) && path.Split('/').All(part => part is not ("" or "." or ".."));
}
