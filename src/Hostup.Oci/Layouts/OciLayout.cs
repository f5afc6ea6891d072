using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Oci.Layouts;

/// <summary>
/// A directory with images in it (OCI image layout 1.0.0): <c>blobs/sha256/</c>, <c>index.json</c> and <c>oci-layout</c>. One writer at
/// a time; blobs never change once they are there.
/// </summary>
public sealed class OciLayout : IBlobSource
{
    /// <summary>Annotation that names an image in the index.</summary>
    public const string NameAnnotation = "org.opencontainers.image.ref.name";

    private const string Marker = """{"imageLayoutVersion":"1.0.0"}""";

    private OciLayout(string directory) => Directory = directory;

    /// <summary>Where it is.</summary>
    public string Directory { get; }

    private string IndexFile => Path.Combine(Directory, "index.json");

    /// <summary>Opens a layout.</summary>
    /// <exception cref="HostupException"><c>not-found</c> when the directory is none.</exception>
    public static OciLayout Open(string directory) => File.Exists(Path.Combine(directory, "oci-layout")) && File.Exists(Path.Combine(directory, "index.json"))
        ? new OciLayout(directory)
        : throw new HostupException(HostupErrors.NotFound, $"cannot open image layout {directory}", "it has no oci-layout or no index.json", "give a directory that skopeo, buildah or `docker buildx` wrote as oci");

    /// <summary>Opens a layout, making an empty one where there is none.</summary>
    public static OciLayout Create(string directory)
    {
        System.IO.Directory.CreateDirectory(Path.Combine(directory, "blobs", "sha256"));
        if (!File.Exists(Path.Combine(directory, "index.json")))
            Replace(Path.Combine(directory, "index.json"), """{"schemaVersion":2,"manifests":[]}"""u8);
        if (!File.Exists(Path.Combine(directory, "oci-layout")))
            Replace(Path.Combine(directory, "oci-layout"), System.Text.Encoding.UTF8.GetBytes(Marker));
        return new OciLayout(directory);
    }

    /// <summary>Whether a blob is there; its bytes are not checked.</summary>
    public bool Has(Digest digest) => File.Exists(BlobFile(digest));

    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct)
    {
        try
        {
            var file = new FileStream(BlobFile(blob.Digest), FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 64 * 1024, FileOptions.SequentialScan);
            file.Position = offset;
            return ValueTask.FromResult<Stream>(file);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HostupException(HostupErrors.NotFound, $"cannot open blob {blob.Digest}", $"layout {Directory} does not have it", "copy the image again", e);
        }
    }

    /// <summary>Starts a blob whose digest is known when it has been written.</summary>
    public NewBlobStream NewBlob() => new(Directory);

    /// <summary>Stores a blob, checking digest and size; nothing is read when it is already there.</summary>
    /// <param name="blob">What it must be.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="ct">Cancels between reads; nothing is left then.</param>
    /// <exception cref="HostupException"><c>digest-mismatch</c>, and the codes of the source.</exception>
    public async Task CopyBlobAsync(OciDescriptor blob, IBlobSource source, CancellationToken ct)
    {
        if (Has(blob.Digest))
            return;
        var content = new DigestStream(await source.OpenAsync(blob, 0, ct).ConfigureAwait(false), blob.Digest, blob.Size, "blob");
        await using (content.ConfigureAwait(false))
        {
            var writer = NewBlob();
            await using (writer.ConfigureAwait(false))
            {
                await content.CopyToAsync(writer, ct).ConfigureAwait(false);
                await writer.FinishAsync(blob.MediaType, ct).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Stores a small blob.</summary>
    public async Task<OciDescriptor> WriteBlobAsync(ReadOnlyMemory<byte> content, string mediaType, CancellationToken ct)
    {
        var writer = NewBlob();
        await using (writer.ConfigureAwait(false))
        {
            await writer.WriteAsync(content, ct).ConfigureAwait(false);
            return await writer.FinishAsync(mediaType, ct).ConfigureAwait(false);
        }
    }

    /// <summary>The images in it.</summary>
    public async Task<OciIndex> ReadIndexAsync(CancellationToken ct)
    {
        var file = new FileInfo(IndexFile);
        if (file.Length > OciJson.MaxManifestBytes)
            throw new HostupException(HostupErrors.BadImage, $"cannot read {IndexFile}", $"it has {new ByteCount(file.Length)}", "build the layout again");
        return OciJson.Parse(await File.ReadAllBytesAsync(IndexFile, ct).ConfigureAwait(false), OciJson.Default.OciIndex, IndexFile);
    }

    /// <summary>Lists an image whose blobs have been stored. Replaces an entry of the same name and one of the same digest without a name.</summary>
    /// <param name="manifest">Its manifest.</param>
    /// <param name="name">Its name; null: none.</param>
    /// <param name="ct">Cancels before the index is replaced.</param>
    public async Task AddManifestAsync(OciDescriptor manifest, string? name, CancellationToken ct)
    {
        var index = await ReadIndexAsync(ct).ConfigureAwait(false);
        var entry = name is null ? manifest : manifest with { Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [NameAnnotation] = name } };
        var kept = index.Manifests.Where(m => NameOf(m) is { } other ? other != name : m.Digest != manifest.Digest);
        Replace(IndexFile, JsonSerializer.SerializeToUtf8Bytes(index with { Manifests = [.. kept, entry] }, OciJson.Default.OciIndex));
    }

    /// <summary>Reads manifest and configuration of an image.</summary>
    /// <param name="reference">Its name or digest; null when it is the only one.</param>
    /// <param name="platform">The machine, where the image has several variants; null: it has one.</param>
    /// <param name="ct">Cancels the reading.</param>
    /// <exception cref="HostupException"><c>not-found</c>, <c>bad-image</c>, <c>digest-mismatch</c>.</exception>
    public async Task<OciImage> LoadAsync(string? reference, OciPlatform? platform, CancellationToken ct)
    {
        var descriptor = Choose(await ReadIndexAsync(ct).ConfigureAwait(false), reference, platform);
        // An index may list an index (docker buildx does); deeper nesting has no maker.
        if (MediaTypes.IsIndex(descriptor.MediaType))
        {
            var inner = await ReadSmallAsync(descriptor, OciJson.MaxManifestBytes, ct).ConfigureAwait(false);
            descriptor = PlatformChoice.Pick(OciJson.Parse(inner, OciJson.Default.OciIndex, $"index {descriptor.Digest}"), platform, reference ?? Directory);
        }
        var manifestBytes = await ReadSmallAsync(descriptor, OciJson.MaxManifestBytes, ct).ConfigureAwait(false);
        var manifest = OciImage.ParseManifest(descriptor, manifestBytes);
        var config = await ReadSmallAsync(manifest.Config, OciJson.MaxConfigBytes, ct).ConfigureAwait(false);
        return OciImage.Parse(descriptor, manifestBytes, config);
    }

    private OciDescriptor Choose(OciIndex index, string? reference, OciPlatform? platform)
    {
        var named = index.Manifests.Where(m => reference is null || NameOf(m) == reference || m.Digest.ToString() == reference).ToList();
        return named switch
        {
            [] => throw new HostupException(HostupErrors.NotFound, $"cannot find image {reference ?? "(any)"} in {Directory}", $"it has {Names(index)}", "give one of these names"),
            [var one] => one,
            _ when reference is null && named.DistinctBy(m => m.Digest).Count() > 1 && named.All(m => m.Platform is null) =>
                throw new HostupException(HostupErrors.BadValue, $"cannot choose an image in {Directory}", $"it has {Names(index)}", "name the one you mean"),
            _ when named.DistinctBy(m => m.Digest).Count() == 1 => named[0],
            _ => PlatformChoice.Pick(new OciIndex { Manifests = named }, platform, reference ?? Directory),
        };
    }

    private async Task<byte[]> ReadSmallAsync(OciDescriptor blob, int limit, CancellationToken ct)
    {
        var stream = await OpenAsync(blob, 0, ct).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
            return await SmallBlob.ReadAsync(stream, blob, limit, ct).ConfigureAwait(false);
    }

    private static string Names(OciIndex index) =>
        index.Manifests is [] ? "none" : string.Join(", ", index.Manifests.Take(20).Select(m => NameOf(m) ?? m.Digest.ToString()));

    private static string? NameOf(OciDescriptor manifest) => manifest.Annotations?.GetValueOrDefault(NameAnnotation);

    private string BlobFile(Digest digest) => Path.Combine(Directory, "blobs", "sha256", digest.Hex);

    private static void Replace(string file, ReadOnlySpan<byte> content)
    {
        var staged = file + ".new";
        using (var stream = new FileStream(staged, FileMode.Create, FileAccess.Write))
        {
            stream.Write(content);
            FileFlush.ToDisk(stream);
        }
        File.Move(staged, file, overwrite: true);
        FileFlush.Directory(Path.GetDirectoryName(file)!);
    }
}
