using Hostup.Core.Devices;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Cli.Releases;

/// <summary>The machine that a release is for, and whether its image is for that machine.</summary>
internal static class ReleasePlatform
{
    /// <summary>What was said, else what the device type is known to have; null: nothing is known, and the image must have one variant.</summary>
    /// <param name="said">OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT as Go calls them.</param>
    /// <param name="slug">Device type.</param>
    /// <exception cref="HostupException"><c>bad-value</c>.</exception>
    public static OciPlatform? Of(string? said, string slug) => said?.Split('/') switch
    {
        null => OfDeviceType(slug),
        [var os, var architecture] => new OciPlatform(architecture, os),
        [var os, var architecture, var variant] => new OciPlatform(architecture, os, variant),
        _ => throw new HostupException(HostupErrors.BadValue, $"cannot read platform '{said}'", "it is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT", "give it like linux/arm64"),
    };

    /// <summary>The machine of a device type; null: the type is not known.</summary>
    public static OciPlatform? OfDeviceType(string slug) => DeviceTypes.Find(slug)?.Architecture switch
    {
        "x86" => new OciPlatform("386", "linux"),
        "x86-64" => OciPlatform.LinuxAmd64,
        "armv6" => new OciPlatform("arm", "linux", "v6"),
        "armv7" => new OciPlatform("arm", "linux", "v7"),
        "aarch64" => new OciPlatform("arm64", "linux"),
        _ => null,
    };

    /// <summary>Refuses an image that says of itself that it is for another machine; of ARM's variants the older ones run on the newer ones.</summary>
    /// <exception cref="HostupException"><c>bad-image</c>.</exception>
    public static void Require(OciImage image, OciPlatform? wanted, string slug)
    {
        if (wanted is null || image.Config.Architecture.Length == 0 || (image.Config.Architecture == wanted.Architecture && image.Config.Os == wanted.Os))
            return;
        var built = new OciPlatform(image.Config.Architecture, image.Config.Os, image.Config.Variant);
        throw new HostupException(HostupErrors.BadImage, $"cannot sign image {image.Digest.Hex[..12]} for {slug}", $"its configuration says {built}, and {wanted} is wanted",
            $"give the image that was built for {wanted}, or say --platform {built} when only its configuration is wrong");
    }
}
