using System.Text.Json;
using System.Text.Json.Serialization;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;

namespace Hostup.Oci.Layouts;

/// <summary>What <c>docker save</c> writes: a tar with <c>manifest.json</c>, configurations and layers, in any order and of any age.</summary>
public static class DockerArchive
{
    private const int MaxFiles = 10_000;

    /// <summary>Stores the images of an archive in a layout, in one pass over the archive.</summary>
    /// <param name="tar">The archive, uncompressed; read to its end, not disposed.</param>
    /// <param name="layout">Where its images go; each tag becomes a name there.</param>
    /// <param name="ct">Cancels between reads; blobs already stored stay.</param>
    /// <returns>The images in the order of the archive.</returns>
    /// <exception cref="HostupException"><c>bad-image</c> when it is no such archive.</exception>
    public static async Task<IReadOnlyList<OciImage>> ImportAsync(Stream tar, OciLayout layout, CancellationToken ct)
    {
        var files = await StoreFilesAsync(tar, layout, ct).ConfigureAwait(false);
        if (!files.Blobs.TryGetValue(TreePath.Parse("manifest.json"u8), out var list))
            throw Bad("it has no manifest.json");
        var images = new List<OciImage>();
        foreach (var saved in await ReadListAsync(layout, list, ct).ConfigureAwait(false))
            images.Add(await AddImageAsync(saved, files, layout, ct).ConfigureAwait(false));
        var used = images.SelectMany(i => i.Manifest.Layers.Append(i.Manifest.Config).Append(i.Descriptor)).Select(d => d.Digest).ToHashSet();
        foreach (var stray in files.New.Where(d => !used.Contains(d)))
            File.Delete(Path.Combine(layout.Directory, "blobs", "sha256", stray.Hex));
        return images;
    }

    private static async Task<ArchiveFiles> StoreFilesAsync(Stream tar, OciLayout layout, CancellationToken ct)
    {
        var files = new ArchiveFiles();
        var reader = new LayerReader(tar);
        await using (reader.ConfigureAwait(false))
        {
            var buffer = new byte[128 * 1024];
            for (int count = 0; await reader.NextAsync(ct).ConfigureAwait(false) is { } entry; count++)
            {
                if (count > MaxFiles)
                    throw Bad($"it has more than {MaxFiles} files");
                if (entry.Kind == TreeEntryKind.File)
                    await StoreFileAsync(reader, entry, layout, files, buffer, ct).ConfigureAwait(false);
                else if (entry.Kind == TreeEntryKind.SymbolicLink)
                    files.Links[entry.Path] = Resolve(entry.Path.Parent, entry.SymbolicTarget.Span);
                else if (entry.Kind == TreeEntryKind.HardLink)
                    files.Links[entry.Path] = entry.LinkTarget;
            }
        }
        return files;
    }

    private static async Task StoreFileAsync(LayerReader reader, TreeEntry entry, OciLayout layout, ArchiveFiles files, byte[] buffer, CancellationToken ct)
    {
        var blob = layout.NewBlob();
        await using (blob.ConfigureAwait(false))
        {
            bool gzip = false;
            for (bool first = true; await reader.ReadAsync(buffer, ct).ConfigureAwait(false) is > 0 and var read; first = false)
            {
                gzip |= first && buffer is [0x1F, 0x8B, ..];
                await blob.WriteAsync(buffer.AsMemory(0, read), ct).ConfigureAwait(false);
            }
            var known = blob.Length;
            var stored = await blob.FinishAsync(gzip ? MediaTypes.GzipLayer : MediaTypes.Layer, ct).ConfigureAwait(false);
            files.Blobs[entry.Path] = stored with { Size = known };
            files.New.Add(stored.Digest);
        }
    }

    private static async Task<DockerArchiveImage[]> ReadListAsync(OciLayout layout, OciDescriptor list, CancellationToken ct) =>
        OciJson.Parse(await ReadAsync(layout, list, OciJson.MaxManifestBytes, ct).ConfigureAwait(false), OciJson.Default.DockerArchiveImageArray, "manifest.json of the archive");

    private static async Task<OciImage> AddImageAsync(DockerArchiveImage saved, ArchiveFiles files, OciLayout layout, CancellationToken ct)
    {
        var config = files.Find(saved.Config) with { MediaType = MediaTypes.Config };
        var manifest = new OciManifest { MediaType = MediaTypes.Manifest, Config = config, Layers = [.. saved.Layers.Select(files.Find)] };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, OciJson.Default.OciManifest);
        var descriptor = await layout.WriteBlobAsync(bytes, MediaTypes.Manifest, ct).ConfigureAwait(false);
        var image = OciImage.Parse(descriptor, bytes, await ReadAsync(layout, config, OciJson.MaxConfigBytes, ct).ConfigureAwait(false));
        var platform = new OciPlatform(image.Config.Architecture, image.Config.Os, image.Config.Variant);
        foreach (var name in saved.RepoTags is { Count: > 0 } tags ? tags : [null!])
            await layout.AddManifestAsync(descriptor with { Platform = platform }, name, ct).ConfigureAwait(false);
        return image;
    }

    private static async Task<byte[]> ReadAsync(OciLayout layout, OciDescriptor blob, int limit, CancellationToken ct)
    {
        var stream = await layout.OpenAsync(blob, 0, ct).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
            return await SmallBlob.ReadAsync(stream, blob, limit, ct).ConfigureAwait(false);
    }

    /// <summary>Old archives share layers by links such as "../ID/layer.tar".</summary>
    private static TreePath Resolve(TreePath directory, ReadOnlySpan<byte> target)
    {
        foreach (var range in target.Split((byte)'/'))
            directory = target[range] switch
            {
                [] or [(byte)'.'] => directory,
                [(byte)'.', (byte)'.'] => directory.Parent,
                var name => directory.Child(name),
            };
        return directory;
    }

    private static HostupException Bad(string why) =>
        new(HostupErrors.BadImage, "cannot read docker archive", why, "write it with `docker save` or give an OCI layout");

    private sealed class ArchiveFiles
    {
        public Dictionary<TreePath, OciDescriptor> Blobs { get; } = [];
        public Dictionary<TreePath, TreePath> Links { get; } = [];
        public HashSet<Digest> New { get; } = [];

        public OciDescriptor Find(string file)
        {
            var path = TreePath.Parse(file);
            for (int links = 0; links < 40 && Links.TryGetValue(path, out var target); links++)
                path = target;
            return Blobs.TryGetValue(path, out var blob) ? blob : throw Bad($"manifest.json names {file}, which is not in it");
        }
    }
}

/// <summary>One image in the manifest.json of a docker archive. Its fields are written with capitals.</summary>
internal sealed record DockerArchiveImage(
    [property: JsonPropertyName("Config")] string Config,
    [property: JsonPropertyName("RepoTags")] IReadOnlyList<string>? RepoTags,
    [property: JsonPropertyName("Layers")] IReadOnlyList<string> Layers);
