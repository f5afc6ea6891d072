using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;

namespace Hostup.Cli.Releases;

/// <summary>One image of an OCI layout on disk: its manifest and what that names.</summary>
internal sealed class LayoutImage
{
    private readonly string _layout;

    private LayoutImage(string layout, Digest manifest, string mediaType, IReadOnlyList<Digest> contents)
    {
        _layout = layout;
        Manifest = manifest;
        MediaType = mediaType;
        Contents = contents;
    }

    public Digest Manifest { get; }

    public string MediaType { get; }

    /// <summary>Config and layers, in the manifest's order.</summary>
    public IReadOnlyList<Digest> Contents { get; }

    /// <summary>Bytes of manifest, config and layers as they travel.</summary>
    public long DownloadBytes => Contents.Append(Manifest).Sum(d => new FileInfo(PathOf(d)).Length);

    public string PathOf(Digest digest) => Path.Combine(_layout, "blobs", "sha256", digest.Hex);

    /// <summary>Opens a layout that holds one image.</summary>
    /// <exception cref="HostupException"><c>bad-image</c> for anything else, or when a part is missing or not what its digest says.</exception>
    public static async Task<LayoutImage> OpenAsync(string layout, CancellationToken ct)
    {
        try
        {
            using var index = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(layout, "index.json"), ct));
            var manifests = index.RootElement.GetProperty("manifests");
            if (manifests.GetArrayLength() != 1)
                throw Bad(layout, $"it holds {manifests.GetArrayLength()} images, exactly one is used");
            var digest = Digest.Parse(manifests[0].GetProperty("digest").GetString()!);
            string mediaType = manifests[0].GetProperty("mediaType").GetString()!;
            string path = Path.Combine(layout, "blobs", "sha256", digest.Hex);
            using var manifest = JsonDocument.Parse(await File.ReadAllBytesAsync(path, ct));
            if (!manifest.RootElement.TryGetProperty("layers", out var layers))
                throw Bad(layout, "it holds an index of several platforms, not one image");
            var contents = layers.EnumerateArray().Prepend(manifest.RootElement.GetProperty("config")).Select(d => Digest.Parse(d.GetProperty("digest").GetString()!)).Distinct();
            return new LayoutImage(layout, digest, mediaType, [.. contents]);
        }
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw Bad(layout, e.Message, e);
        }
    }

    private static HostupException Bad(string layout, string why, Exception? inner = null) =>
        new(HostupErrors.BadImage, $"cannot read OCI layout {layout}", why, "give a directory with oci-layout, index.json and blobs", inner);
}
