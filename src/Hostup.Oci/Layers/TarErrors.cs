using Hostup.Core.Errors;

namespace Hostup.Oci.Layers;

/// <summary>How a malformed layer is reported.</summary>
internal static class TarErrors
{
    public static HostupException Bad(string why, Exception? inner = null) =>
        new(HostupErrors.BadImage, "cannot read layer of the image", why, "build the image again", inner);
}
