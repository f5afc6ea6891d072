using System.Text.Json;
using Hostup.Core.Releases;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Layouts;

namespace Hostup.Oci;

/// <summary>
/// Makes an image whose layers are framed: the same content in gzip members, so that a broken download goes on at a member. Content and
/// configuration stay byte for byte; the digests of blobs and manifest change. docs/release-manifest.md says how the members are signed.
/// </summary>
/// <param name="layout">Where the framed image is made.</param>
public sealed class ImageReframing(OciLayout layout)
{
    /// <summary>Frames every gzip and every plain layer; a layer of another compression is copied as it is.</summary>
    /// <param name="image">The image.</param>
    /// <param name="source">Where its blobs are; every layer is read whole and checked.</param>
    /// <param name="name">Its name in the layout; null: none.</param>
    /// <param name="ct">Cancels before the image is listed.</param>
    /// <returns>The framed image and its layers for the release manifest, lowest first.</returns>
    public async Task<(OciImage Image, IReadOnlyList<ReleaseLayer> Layers)> FrameAsync(OciImage image, IBlobSource source, string? name, CancellationToken ct)
    {
        var layers = new List<ReleaseLayer>();
        foreach (var layer in image.Layers)
            layers.Add(layer.Blob.Compression is LayerCompression.Gzip or LayerCompression.None
                ? await FrameAsync(layer, source, ct).ConfigureAwait(false)
                : await CopyAsync(layer.Blob, source, ct).ConfigureAwait(false));
        await layout.WriteBlobAsync(image.ConfigBytes, image.Manifest.Config.MediaType, ct).ConfigureAwait(false);
        var manifest = image.Manifest with { Layers = [.. layers.Select(l => new OciDescriptor { MediaType = l.MediaType, Digest = l.Digest, Size = l.Size })] };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, OciJson.Default.OciManifest);
        var stored = await layout.WriteBlobAsync(bytes, image.Descriptor.MediaType, ct).ConfigureAwait(false);
        await layout.AddManifestAsync(stored with { Platform = image.Descriptor.Platform }, name, ct).ConfigureAwait(false);
        return (OciImage.Parse(stored, bytes, image.ConfigBytes), layers);
    }

    /// <summary>The layers of an image that is signed as it is: nothing is framed.</summary>
    public static IReadOnlyList<ReleaseLayer> LayersOf(OciImage image) => [.. image.Layers.Select(l => Describe(l.Blob))];

    private async Task<ReleaseLayer> FrameAsync(OciLayer layer, IBlobSource source, CancellationToken ct)
    {
        var content = new LayerStream(await source.OpenAsync(layer.Blob, 0, ct).ConfigureAwait(false), layer);
        var blob = layout.NewBlob();
        await using (content.ConfigureAwait(false))
        await using (blob.ConfigureAwait(false))
        {
            var members = await new MemberWriter(blob).WriteAsync(content, ct).ConfigureAwait(false);
            return Describe(await blob.FinishAsync(MediaTypes.GzipFor(layer.Blob.MediaType), ct).ConfigureAwait(false)) with { Members = members };
        }
    }

    private async Task<ReleaseLayer> CopyAsync(OciDescriptor blob, IBlobSource source, CancellationToken ct)
    {
        await layout.CopyBlobAsync(blob, source, ct).ConfigureAwait(false);
        return Describe(blob);
    }

    private static ReleaseLayer Describe(OciDescriptor blob) => new() { Digest = blob.Digest, Size = blob.Size, MediaType = blob.MediaType };
}
