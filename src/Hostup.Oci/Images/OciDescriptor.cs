using System.Text.Json.Serialization;
using Hostup.Core;

namespace Hostup.Oci.Images;

/// <summary>Names a blob: what it is, its digest and its size (OCI image specification 1.1, descriptor).</summary>
public sealed record OciDescriptor
{
    /// <summary>What the blob is, see <see cref="MediaTypes"/>.</summary>
    public required string MediaType { get; init; }

    /// <summary>Digest of its bytes.</summary>
    public required Digest Digest { get; init; }

    /// <summary>Number of its bytes.</summary>
    public required long Size { get; init; }

    /// <summary>In an index: what machine the image is for.</summary>
    public OciPlatform? Platform { get; init; }

    /// <summary>Free text; a layout keeps an image's name under <c>org.opencontainers.image.ref.name</c>.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>What kind of document it is, when not told by <see cref="MediaType"/>.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>How a layer blob is compressed, by its media type.</summary>
    [JsonIgnore]
    public LayerCompression Compression => MediaTypes.CompressionOf(MediaType);
}

/// <summary>Machine an image is for.</summary>
/// <param name="Architecture">As Go calls it: amd64, arm64, arm.</param>
/// <param name="Os">linux.</param>
/// <param name="Variant">v7, v8; null: not stated.</param>
public sealed record OciPlatform(string Architecture, string Os, string? Variant = null)
{
    /// <summary>64-bit PC.</summary>
    public static OciPlatform LinuxAmd64 { get; } = new("amd64", "linux");

    /// <summary>Whether an image for <paramref name="offered"/> runs where this is wanted; a variant counts only when both state it.</summary>
    public bool Accepts(OciPlatform? offered) => offered is not null && offered.Architecture == Architecture && offered.Os == Os
        && (Variant is null || offered.Variant is null || offered.Variant == Variant);

    /// <inheritdoc/>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}

/// <summary>How a layer blob is compressed.</summary>
public enum LayerCompression
{
    /// <summary>Plain tar.</summary>
    None,

    /// <summary>gzip, any number of members.</summary>
    Gzip,

    /// <summary>zstd, read with the system's library.</summary>
    Zstd,

    /// <summary>Anything else: this program does not read it.</summary>
    Unsupported,
}
