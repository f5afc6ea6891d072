using System.Text.Json;
using Hostup.Core;

namespace Hostup.Oci.Images;

/// <summary>An artefact: blobs that are no image, said to be about another manifest (OCI image specification 1.1, "Guidelines for Artifact Usage").</summary>
public static class OciArtifact
{
    /// <summary>Configuration of what has none, as the specification gives it: an empty JSON object.</summary>
    public static ReadOnlyMemory<byte> EmptyConfig { get; } = "{}"u8.ToArray();

    /// <summary>The manifest, as it is stored. The same arguments give the same bytes.</summary>
    /// <param name="artifactType">What the artefact is.</param>
    /// <param name="blobs">Its content.</param>
    /// <param name="subject">The manifest that it is about.</param>
    /// <param name="annotations">Free text, in the order in which it is written.</param>
    public static byte[] Manifest(string artifactType, IReadOnlyList<OciDescriptor> blobs, OciDescriptor subject, IReadOnlyDictionary<string, string> annotations) =>
        JsonSerializer.SerializeToUtf8Bytes(
            new OciManifest
            {
                MediaType = MediaTypes.Manifest,
                ArtifactType = artifactType,
                Config = new OciDescriptor { MediaType = MediaTypes.EmptyConfig, Digest = Digest.Of(EmptyConfig.Span), Size = EmptyConfig.Length },
                Layers = blobs,
                Subject = subject,
                Annotations = annotations,
            },
            OciJson.Default.OciManifest);
}
