using System.Text.Json.Serialization;
using Hostup.Core;

namespace Hostup.Oci.Images;

/// <summary>Configuration of an image, as far as a host OS uses it (OCI image configuration).</summary>
public sealed record OciConfig
{
    /// <summary>Architecture as Go calls it.</summary>
    public string Architecture { get; init => field = value ?? "amd64"; } = "amd64";

    /// <summary>Operating system.</summary>
    public string Os { get; init => field = value ?? "linux"; } = "linux";

    /// <summary>Variant of the architecture.</summary>
    public string? Variant { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset? Created { get; init; }

    /// <summary>How it would run as a container; host OS images keep labels here.</summary>
    public OciRunConfig? Config { get; init; }

    /// <summary>Digests of the uncompressed layers.</summary>
    [JsonPropertyName("rootfs")]
    public OciRootFileSystem RootFileSystem { get; init => field = value ?? new(); } = new();

    /// <summary>How each layer came to be.</summary>
    public IReadOnlyList<OciHistory>? History { get; init; }
}

/// <summary>Digests of the uncompressed layers, lowest first.</summary>
public sealed record OciRootFileSystem
{
    /// <summary>Always "layers".</summary>
    public string Type { get; init => field = value ?? "layers"; } = "layers";

    /// <summary>SHA-256 of each uncompressed layer.</summary>
    [JsonPropertyName("diff_ids")]
    public IReadOnlyList<Digest> DiffIds { get; init => field = value ?? []; } = [];
}

/// <summary>The part of a configuration that container engines run by. Its fields are written with capitals.</summary>
public sealed record OciRunConfig
{
    /// <summary>Labels.</summary>
    [JsonPropertyName("Labels")]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Program and arguments that every container of the image starts.</summary>
    [JsonPropertyName("Entrypoint")]
    public IReadOnlyList<string>? Entrypoint { get; init; }

    /// <summary>Default arguments.</summary>
    [JsonPropertyName("Cmd")]
    public IReadOnlyList<string>? Cmd { get; init; }

    /// <summary>Environment, NAME=VALUE.</summary>
    [JsonPropertyName("Env")]
    public IReadOnlyList<string>? Env { get; init; }

    /// <summary>Directory that the program starts in.</summary>
    [JsonPropertyName("WorkingDir")]
    public string? WorkingDir { get; init; }
}

/// <summary>How one layer came to be.</summary>
/// <param name="Created">When.</param>
/// <param name="CreatedBy">By which command.</param>
/// <param name="EmptyLayer">True when the command made no layer.</param>
public sealed record OciHistory(
    DateTimeOffset? Created,
    [property: JsonPropertyName("created_by")] string? CreatedBy,
    [property: JsonPropertyName("empty_layer")] bool? EmptyLayer = null);
