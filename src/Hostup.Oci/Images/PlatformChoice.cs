using Hostup.Core.Errors;

namespace Hostup.Oci.Images;

/// <summary>Picks the image for a machine from an index.</summary>
internal static class PlatformChoice
{
    /// <summary>What docker's builder states of an entry that is no image: what it attests of one.</summary>
    private const string NoMachine = "unknown";

    /// <summary>The image for a machine; where none is named, the only one.</summary>
    public static OciDescriptor Pick(OciIndex index, OciPlatform? platform, string name)
    {
        // An index that states no platform at all is a layout with one image.
        if (index.Manifests is [{ Platform: null } only])
            return only;
        var fitting = index.Manifests.Where(m => platform?.Accepts(m?.Platform) ?? m?.Platform is { Architecture: not NoMachine }).ToList();
        if (fitting is [])
            throw new HostupException(HostupErrors.NotFound, $"cannot use image {name}", $"it has no variant for {platform?.ToString() ?? "any machine"}, only for {Platforms(index.Manifests)}", "build it for this platform");
        return platform is not null || fitting is [_]
            ? fitting[0]
            : throw new HostupException(HostupErrors.BadValue, $"cannot choose a variant of image {name}", $"it has them for {Platforms(fitting)}", "name the one you mean, by its platform or by its digest");
    }

    private static string Platforms(IEnumerable<OciDescriptor> manifests) => string.Join(", ", manifests.Select(m => m?.Platform?.ToString() ?? "an unstated platform"));
}
