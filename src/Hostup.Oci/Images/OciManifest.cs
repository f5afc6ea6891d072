namespace Hostup.Oci.Images;

/// <summary>One image: its configuration and its layers, lowest first (OCI image manifest; Docker's has the same form).</summary>
public sealed record OciManifest
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>Says that this is a manifest.</summary>
    public string? MediaType { get; init; }

    /// <summary>For artefacts that are no images: what they are.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>The configuration.</summary>
    public required OciDescriptor Config { get; init; }

    /// <summary>Layers, lowest first.</summary>
    public required IReadOnlyList<OciDescriptor> Layers { get; init; }

    /// <summary>The manifest this one is about.</summary>
    public OciDescriptor? Subject { get; init; }

    /// <summary>Free text.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}

/// <summary>A list of manifests: of one image for several platforms, or of all images in a layout.</summary>
public sealed record OciIndex
{
    /// <summary>Always 2.</summary>
    public int SchemaVersion { get; init; } = 2;

    /// <summary>Says that this is an index.</summary>
    public string? MediaType { get; init; }

    /// <summary>The manifests.</summary>
    public IReadOnlyList<OciDescriptor> Manifests { get; init => field = value ?? []; } = [];

    /// <summary>Free text.</summary>
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }
}
