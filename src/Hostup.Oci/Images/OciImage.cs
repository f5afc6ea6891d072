using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;

namespace Hostup.Oci.Images;

/// <summary>One layer of an image.</summary>
/// <param name="Blob">The blob as it is stored and travels.</param>
/// <param name="DiffId">Digest of its uncompressed bytes; null: not known, and not needed where a signed tree digest decides.</param>
public sealed record OciLayer(OciDescriptor Blob, Digest? DiffId)
{
    /// <summary>Its gzip members as the release manifest lists them; empty: it is one piece.</summary>
    public IReadOnlyList<LayerMember> Members { get; init; } = [];

    /// <summary>A layer as the signed release manifest names it. A framed one is checked member by member; of one in one piece the blob's digest is.</summary>
    public static OciLayer Of(ReleaseLayer layer) =>
        new(new OciDescriptor { MediaType = layer.MediaType, Digest = layer.Digest, Size = layer.Size }, null) { Members = layer.Members };
}

/// <summary>One image whose manifest and configuration have been read and checked against their digests.</summary>
/// <param name="Descriptor">Names the manifest.</param>
/// <param name="ManifestBytes">The manifest as it was signed and stored.</param>
/// <param name="Manifest">What it says.</param>
/// <param name="ConfigBytes">The configuration as it was stored.</param>
/// <param name="Config">What it says.</param>
public sealed record OciImage(OciDescriptor Descriptor, ReadOnlyMemory<byte> ManifestBytes, OciManifest Manifest, ReadOnlyMemory<byte> ConfigBytes, OciConfig Config)
{
    /// <summary>Digest of the manifest: the name of the image.</summary>
    public Digest Digest => Descriptor.Digest;

    /// <summary>Layers, lowest first.</summary>
    public IReadOnlyList<OciLayer> Layers { get; } =
        [.. Manifest.Layers.Zip(Config.RootFileSystem.DiffIds, (blob, diffId) => new OciLayer(blob, diffId))];

    /// <summary>Bytes of manifest, configuration and layers as they travel.</summary>
    public long DownloadBytes => ManifestBytes.Length + Manifest.Config.Size + Manifest.Layers.Sum(l => l.Size);

    /// <summary>All its entries, lowest layer first.</summary>
    /// <param name="source">Where its blobs are.</param>
    public ITreeReader OpenLayers(IBlobSource source) => new LayersReader(source, Layers);

    /// <summary>Puts an image together from its two documents.</summary>
    /// <exception cref="HostupException"><c>digest-mismatch</c> when one of them is not what its descriptor says; <c>bad-image</c> when they cannot be read or do not fit each other.</exception>
    public static OciImage Parse(OciDescriptor descriptor, ReadOnlyMemory<byte> manifestBytes, ReadOnlyMemory<byte> configBytes)
    {
        var manifest = ParseManifest(descriptor, manifestBytes);
        Check(manifest.Config, configBytes, "configuration");
        var config = OciJson.Parse(configBytes.Span, OciJson.Default.OciConfig, $"configuration {manifest.Config.Digest}");
        if (config.RootFileSystem.DiffIds.Count != manifest.Layers.Count)
            throw new HostupException(HostupErrors.BadImage, $"cannot use image {descriptor.Digest}", $"its manifest has {manifest.Layers.Count} layers, its configuration {config.RootFileSystem.DiffIds.Count}", "build the image again");
        return new OciImage(descriptor, manifestBytes, manifest, configBytes, config);
    }

    /// <summary>Reads a manifest alone.</summary>
    internal static OciManifest ParseManifest(OciDescriptor descriptor, ReadOnlyMemory<byte> bytes)
    {
        Check(descriptor, bytes, "manifest");
        var manifest = OciJson.Parse(bytes.Span, OciJson.Default.OciManifest, $"manifest {descriptor.Digest}");
        if (manifest.Layers.Contains(null!))
            throw new HostupException(HostupErrors.BadImage, $"cannot use image {descriptor.Digest}", "one of its layers is null", "build the image again");
        foreach (var blob in manifest.Layers.Prepend(manifest.Config))
            if (blob.Size < 0)
                throw new HostupException(HostupErrors.BadImage, $"cannot use image {descriptor.Digest}", $"its blob {blob.Digest} has the size {blob.Size}", "build the image again");
        return manifest;
    }

    private static void Check(OciDescriptor descriptor, ReadOnlyMemory<byte> bytes, string name)
    {
        var actual = Digest.Of(bytes.Span);
        if (actual != descriptor.Digest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot use {name} {descriptor.Digest}", $"its digest is {actual}", "fetch it again; if this repeats, the source holds damaged data");
    }
}
