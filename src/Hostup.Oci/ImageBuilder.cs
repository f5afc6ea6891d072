using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Layouts;

namespace Hostup.Oci;

/// <summary>
/// Builds an image in a layout, one layer for each tree, over an existing image or over nothing. The same input gives the same digest.
/// </summary>
/// <param name="layout">Where the image is made.</param>
/// <param name="platform">The machine it is for.</param>
public sealed class ImageBuilder(OciLayout layout, OciPlatform platform)
{
    private readonly List<OciLayer> _layers = [];
    private readonly List<OciHistory> _history = [];
    private OciRunConfig? _run;

    /// <summary>How hard gzip works; <see cref="CompressionLevel.NoCompression"/> gives plain tar layers.</summary>
    public CompressionLevel Compression { get; init; } = CompressionLevel.Optimal;

    /// <summary>The time that the image states as its making.</summary>
    public DateTimeOffset Created { get; init; } = DateTimeOffset.UnixEpoch;

    /// <summary>Begins with the layers, labels and commands of an image; its blobs are not touched.</summary>
    /// <param name="image">The image.</param>
    /// <param name="source">Where its blobs are; those that the layout lacks are copied.</param>
    /// <param name="ct">Cancels.</param>
    public async Task AddBaseAsync(OciImage image, IBlobSource source, CancellationToken ct)
    {
        foreach (var layer in image.Layers)
        {
            await layout.CopyBlobAsync(layer.Blob, source, ct).ConfigureAwait(false);
            _layers.Add(layer);
        }
        _history.AddRange(image.Config.History ?? []);
        _run = image.Config.Config;
    }

    /// <summary>Adds a layer of the entries of a tree, or of a few entries and whiteouts (<see cref="ListedTree"/>).</summary>
    /// <param name="tree">The entries; read to the end, not disposed.</param>
    /// <param name="createdBy">What the image's history says of the layer.</param>
    /// <param name="ct">Cancels; nothing is left of the layer then.</param>
    public async Task<OciLayer> AddLayerAsync(ITreeReader tree, string createdBy, CancellationToken ct)
    {
        bool gzip = Compression != CompressionLevel.NoCompression;
        var blob = layout.NewBlob();
        await using (blob.ConfigureAwait(false))
        {
            var packed = gzip ? new GZipStream(blob, Compression, leaveOpen: true) : (Stream)blob;
            Digest diffId;
            using (var hash = SHA256.Create())
            {
                var hashed = new CryptoStream(packed, hash, CryptoStreamMode.Write, leaveOpen: true);
                await using (hashed.ConfigureAwait(false))
                    await new LayerWriter(hashed).WriteAsync(tree, ct).ConfigureAwait(false);
                diffId = Digest.FromHash(hash.Hash);
            }
            if (gzip)
                await packed.DisposeAsync().ConfigureAwait(false);
            var stored = await blob.FinishAsync(gzip ? MediaTypes.GzipLayer : MediaTypes.Layer, ct).ConfigureAwait(false);
            _layers.Add(new OciLayer(stored, diffId));
        }
        _history.Add(new OciHistory(Created, createdBy));
        return _layers[^1];
    }

    /// <summary>Writes configuration and manifest and lists the image in the layout.</summary>
    /// <param name="name">Its name in the layout; null: none.</param>
    /// <param name="labels">Labels added to those of the base.</param>
    /// <param name="ct">Cancels before the image is listed.</param>
    public async Task<OciImage> FinishAsync(string? name, IReadOnlyDictionary<string, string> labels, CancellationToken ct)
    {
        var config = new OciConfig
        {
            Architecture = platform.Architecture,
            Os = platform.Os,
            Variant = platform.Variant,
            Created = Created,
            Config = WithLabels(labels),
            RootFileSystem = new OciRootFileSystem { DiffIds = [.. _layers.Select(l => l.DiffId!.Value)] },
            History = _history,
        };
        var configBytes = JsonSerializer.SerializeToUtf8Bytes(config, OciJson.Default.OciConfig);
        var configBlob = await layout.WriteBlobAsync(configBytes, MediaTypes.Config, ct).ConfigureAwait(false);
        var manifest = new OciManifest { MediaType = MediaTypes.Manifest, Config = configBlob, Layers = [.. _layers.Select(l => l.Blob)] };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, OciJson.Default.OciManifest);
        var stored = await layout.WriteBlobAsync(bytes, MediaTypes.Manifest, ct).ConfigureAwait(false);
        await layout.AddManifestAsync(stored with { Platform = platform }, name, ct).ConfigureAwait(false);
        return OciImage.Parse(stored, bytes, configBytes);
    }

    private OciRunConfig? WithLabels(IReadOnlyDictionary<string, string> labels)
    {
        if (labels.Count == 0)
            return _run;
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (key, value) in (_run?.Labels ?? new Dictionary<string, string>()).Concat(labels))
            all[key] = value;
        return (_run ?? new OciRunConfig()) with { Labels = all };
    }
}
