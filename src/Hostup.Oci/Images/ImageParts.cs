using Hostup.Core;
using Hostup.Core.Errors;

namespace Hostup.Oci.Images;

/// <summary>What a manifest or an index names, by digest: all that somebody who has the document may want next.</summary>
/// <param name="Manifests">Manifests of an index.</param>
/// <param name="Blobs">Configuration and layers of a manifest.</param>
public sealed record ImageParts(IReadOnlyList<OciDescriptor> Manifests, IReadOnlyList<OciDescriptor> Blobs)
{
    /// <summary>Reads a document whose digest is checked.</summary>
    /// <exception cref="HostupException"><c>bad-image</c>: it is neither, or not of that form.</exception>
    public static ImageParts Of(string mediaType, ReadOnlyMemory<byte> bytes)
    {
        var descriptor = new OciDescriptor { MediaType = mediaType, Digest = Digest.Of(bytes.Span), Size = bytes.Length };
        if (MediaTypes.IsManifest(mediaType))
        {
            var manifest = OciImage.ParseManifest(descriptor, bytes);
            return new ImageParts([], [manifest.Config, .. manifest.Layers]);
        }
        if (!MediaTypes.IsIndex(mediaType))
            throw Bad(descriptor, $"its type is {mediaType}", "push the image as OCI or Docker schema 2");
        var index = OciJson.Parse(bytes.Span, OciJson.Default.OciIndex, $"index {descriptor.Digest}");
        return index.Manifests.Contains(null!) ? throw Bad(descriptor, "one of its manifests is null", "build the image again") : new ImageParts(index.Manifests, []);
    }

    private static HostupException Bad(OciDescriptor descriptor, string why, string whatToDo) => new(HostupErrors.BadImage, $"cannot use manifest {descriptor.Digest}", why, whatToDo);
}
