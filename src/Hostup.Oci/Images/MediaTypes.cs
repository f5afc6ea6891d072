namespace Hostup.Oci.Images;

/// <summary>Media types of OCI images (image specification 1.1) and of Docker's schema 2, which differ in name only.</summary>
public static class MediaTypes
{
    /// <summary>OCI image manifest.</summary>
    public const string Manifest = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>OCI image index.</summary>
    public const string Index = "application/vnd.oci.image.index.v1+json";

    /// <summary>OCI image configuration.</summary>
    public const string Config = "application/vnd.oci.image.config.v1+json";

    /// <summary>Layer, not compressed.</summary>
    public const string Layer = "application/vnd.oci.image.layer.v1.tar";

    /// <summary>Layer, gzip.</summary>
    public const string GzipLayer = "application/vnd.oci.image.layer.v1.tar+gzip";

    /// <summary>Docker image manifest.</summary>
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";

    /// <summary>Docker manifest list.</summary>
    public const string DockerIndex = "application/vnd.docker.distribution.manifest.list.v2+json";

    /// <summary>Docker layer, gzip.</summary>
    public const string DockerGzipLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";

    /// <summary>Configuration of an artefact that has none.</summary>
    public const string EmptyConfig = "application/vnd.oci.empty.v1+json";

    /// <summary>A delta, both as an artefact and as its first blob (docs/delta-format.md).</summary>
    public const string Delta = "application/vnd.hostup.delta.v1";

    /// <summary>Where the contents of the image lie that a delta leads to, the second blob of its artefact (docs/delta-format.md, "Repair list").</summary>
    public const string DeltaRepairs = "application/vnd.hostup.delta.repair.v1";

    /// <summary>Everything that <see cref="OciManifest"/> can be, as an Accept header.</summary>
    internal static readonly string[] Accepted = [Manifest, Index, DockerManifest, DockerIndex];

    /// <summary>Whether it is a list of manifests for several platforms.</summary>
    public static bool IsIndex(string? mediaType) => mediaType is Index or DockerIndex;

    /// <summary>Whether it is one image.</summary>
    public static bool IsManifest(string? mediaType) => mediaType is Manifest or DockerManifest;

    /// <summary>The type that a layer has when it is compressed with gzip, in the family that it is of.</summary>
    public static string GzipFor(string layerType) => layerType.StartsWith("application/vnd.docker.", StringComparison.Ordinal) ? DockerGzipLayer : GzipLayer;

    /// <summary>How a layer is compressed.</summary>
    public static LayerCompression CompressionOf(string mediaType) => mediaType switch
    {
        _ when mediaType.EndsWith(".tar+gzip", StringComparison.Ordinal) || mediaType.EndsWith(".tar.gzip", StringComparison.Ordinal) => LayerCompression.Gzip,
        _ when mediaType.EndsWith(".tar+zstd", StringComparison.Ordinal) || mediaType.EndsWith(".tar.zstd", StringComparison.Ordinal) => LayerCompression.Zstd,
        _ when mediaType.EndsWith(".tar", StringComparison.Ordinal) => LayerCompression.None,
        _ => LayerCompression.Unsupported,
    };
}
