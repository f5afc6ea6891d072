namespace Hostup.Core.Releases;

/// <summary>What no manifest may say of raw areas, whoever signed it.</summary>
internal static class BootAreaLimits
{
    private const int MostAreas = 16;
    private const int MostCopies = 4;
    private const long MostBytes = 16 << 20; // the largest boot loaders have some MiB
    private const int SectorBytes = 512;

    /// <summary>What is wrong; null when nothing is.</summary>
    public static string? Fault(ReleaseManifest release)
    {
        var areas = release.BootAreas;
        if (areas.Count > MostAreas)
            return $"it has {areas.Count} raw areas, at most {MostAreas} are taken";
        if (areas.Contains(null!))
            return "one of its raw areas is null";
        if (areas.FirstOrDefault(a => !IsWellFormed(a)) is { } area)
            return $"raw area '{area.Name}' is malformed";
        if (areas.FirstOrDefault(a => a.Copies.Count == 1 && !a.SingleCopy) is { } single)
            return $"raw area '{single.Name}' has one copy, and it does not say that a power cut may cost the device";
        var places = areas.SelectMany(a => a.Copies.Select(c => (c.Medium, From: c.OffsetBytes, End: c.OffsetBytes + a.Size, a.Name))).OrderBy(p => p.Medium, StringComparer.Ordinal).ThenBy(p => p.From).ToList();
        if (places.Zip(places.Skip(1)).FirstOrDefault(p => p.First.Medium == p.Second.Medium && p.Second.From < p.First.End) is { First.Name: { } first } overlap)
            return $"raw areas '{first}' and '{overlap.Second.Name}' overlap";
        return areas is [] || release.Requires.Contains(BootArea.Feature) ? null : $"it has raw areas, but does not require '{BootArea.Feature}'";
    }

    private static bool IsWellFormed(BootArea? area) =>
        area is { Name.Length: > 0 and <= 64, Path: ['/', _, ..], Size: > 0 and <= MostBytes, Copies: { Count: > 0 and <= MostCopies } }
        && area.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
        && area.Path.Length <= 1024 && !area.Path.Contains('\0', StringComparison.Ordinal) && area.Path[1..].Split('/').All(part => part is not ("" or "." or ".."))
        && area.Copies.All(c => c is { OffsetBytes: >= 0 and < long.MaxValue / 2 } && c.OffsetBytes % SectorBytes == 0 && BootArea.Media.Contains(c.Medium));
}
