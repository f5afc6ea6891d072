using Hostup.Core.Errors;

namespace Hostup.Oci.Images;

/// <summary>Picks the image for a machine from an index.</summary>
internal static class PlatformChoice
{
    public static OciDescriptor Pick(OciIndex index, OciPlatform platform, string name)
    {
        // An index that states no platform at all is a layout with one image.
        var fitting = index.Manifests.Where(m => platform.Accepts(m?.Platform)).ToList();
        if (fitting is [] && index.Manifests is [{ Platform: null } only])
            return only;
        return fitting.Count > 0
            ? fitting[0]
            : throw new HostupException(HostupErrors.NotFound, $"cannot use image {name}", $"it has no variant for {platform}, only for {string.Join(", ", index.Manifests.Select(m => m?.Platform?.ToString() ?? "an unstated platform"))}", "build it for this platform");
    }
}
