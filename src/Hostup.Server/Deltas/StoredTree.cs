using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Trust;
using Hostup.Delta.Building;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Server.Blobs;

namespace Hostup.Server.Deltas;

/// <summary>A release and the root tree of its image, read from what the server holds. Nothing of it is believed: digests are compared.</summary>
internal static class StoredTree
{
    /// <summary>The manifest of a release.</summary>
    /// <exception cref="HostupException"><c>not-found</c>, <c>digest-mismatch</c>, <c>bad-image</c>.</exception>
    public static async Task<ReleaseManifest> ReleaseAsync(BlobStore blobs, Digest envelope, CancellationToken ct) =>
        ReleaseManifest.Read(Envelope.Parse(await DocumentAsync(blobs, envelope, ct)).UnverifiedPayload.Span);

    /// <summary>Streams the layers into one temporary file.</summary>
    /// <param name="blobs">The store.</param>
    /// <param name="release">Whose tree.</param>
    /// <param name="folder">Where the temporary file lies.</param>
    /// <param name="places">Receives where in the layers the contents lie.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>not-found</c>, <c>digest-mismatch</c>, <c>bad-image</c> when the server's copy of the image is not what was signed.</exception>
    public static async Task<SpooledTree> SpoolAsync(BlobStore blobs, ReleaseManifest release, string folder, IDictionary<Digest, TreePlace> places, CancellationToken ct)
    {
        var layers = release.Image.Layers is [] ? await LayersAsync(blobs, release.Image.Digest, ct) : [.. release.Image.Layers.Select(OciLayer.Of)];
        await using var reader = new LayersReader(new StoredBlobs(blobs), layers);
        await using var noting = new ContentPlaces(reader, places);
        return await SpooledTree.ReadAsync(noting, folder, ct);
    }

    private static async Task<IReadOnlyList<OciLayer>> LayersAsync(BlobStore blobs, Digest image, CancellationToken ct)
    {
        byte[] manifest = await DocumentAsync(blobs, image, ct);
        var config = ImageParts.Of(MediaTypes.Manifest, manifest).Blobs[0].Digest;
        var descriptor = new OciDescriptor { MediaType = MediaTypes.Manifest, Digest = image, Size = manifest.Length };
        return OciImage.Parse(descriptor, manifest, await DocumentAsync(blobs, config, ct)).Layers;
    }

    private static async Task<byte[]> DocumentAsync(BlobStore blobs, Digest digest, CancellationToken ct)
    {
        byte[] bytes = await blobs.ReadAsync(digest, ct);
        return Digest.Of(bytes) == digest
            ? bytes
            : throw new HostupException(HostupErrors.DigestMismatch, $"cannot use blob {digest}", $"the server's copy has digest {Digest.Of(bytes)}", "push the image or publish the release again; look at the server's disk");
    }
}
