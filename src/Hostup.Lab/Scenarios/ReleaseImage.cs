using System.IO.Compression;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Lab.Cache;
using Hostup.Lab.Images;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Lab.Scenarios;

/// <summary>A release of the lab's host OS as an OCI image in a layout, as an OS builder hands it to `hostup release sign`.</summary>
/// <param name="Version">VERSION of its os-release.</param>
/// <param name="Layout">Folder of the layout; one image is in it.</param>
public sealed record ReleaseImage(string Version, string Layout)
{
    /// <summary>Returns the image of a tree: one layer, gzip.</summary>
    public static async Task<ReleaseImage> BuildAsync(LabEnvironment lab, HostOsTree tree, CancellationToken ct)
    {
        string folder = await lab.Cache.GetAsync("image", new CacheKey().Add("recipe", "1").Add("tree", tree.Key).Finish(), async folder =>
        {
            var builder = new ImageBuilder(OciLayout.Create(folder), OciPlatform.LinuxAmd64) { Compression = CompressionLevel.Optimal };
            await using var reader = new DirectoryTreeReader(tree.Root);
            await builder.AddLayerAsync(reader, "lab host OS " + tree.Release.OsVersion, ct);
            await builder.FinishAsync("release", new Dictionary<string, string>(), ct);
        }, ct);
        return new ReleaseImage(tree.Release.OsVersion, folder);
    }

    /// <summary>Returns an image with one small layer more: the way a broken release is made without packing the whole OS again.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="version">VERSION of its os-release.</param>
    /// <param name="entries">Entries and whiteouts of the layer.</param>
    /// <param name="ct">Ends the making.</param>
    public Task<ReleaseImage> DeriveAsync(LabEnvironment lab, string version, IReadOnlyList<TreeEntry> entries, CancellationToken ct) =>
        DeriveWithFilesAsync(lab, version, [.. entries.Select(e => (e, ReadOnlyMemory<byte>.Empty))], ct);

    /// <summary>The same, with files that are not empty.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="version">VERSION of its os-release.</param>
    /// <param name="entries">Entries and whiteouts of the layer, with the content of files.</param>
    /// <param name="ct">Ends the making.</param>
    public async Task<ReleaseImage> DeriveWithFilesAsync(LabEnvironment lab, string version, IReadOnlyList<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> entries, CancellationToken ct)
    {
        string what = string.Join(' ', entries.Select(e => $"{e.Entry.Kind} {e.Entry.Path}"));
        string contents = string.Join(' ', entries.Select(e => Digest.Of(e.Content.Span)));
        string folder = await lab.Cache.GetAsync("image", new CacheKey().Add("base", Layout).Add("version", version).Add("layer", what).Add("contents", contents).Finish(), async folder =>
        {
            var source = OciLayout.Open(Layout);
            var image = await source.LoadAsync(null, OciPlatform.LinuxAmd64, ct);
            var builder = new ImageBuilder(OciLayout.Create(folder), OciPlatform.LinuxAmd64);
            await builder.AddBaseAsync(image, source, ct);
            byte[] osRelease = await OsReleaseAsync(source, image, ct);
            string text = System.Text.Encoding.UTF8.GetString(osRelease).Replace(Version, version, StringComparison.Ordinal);
            var layer = new ListedTree([.. entries, (OsReleaseEntry(text), System.Text.Encoding.UTF8.GetBytes(text))]);
            await using (layer)
                await builder.AddLayerAsync(layer, "planted: " + what, ct);
            await builder.FinishAsync("release", new Dictionary<string, string>(), ct);
        }, ct);
        return new ReleaseImage(version, folder);
    }

    private static TreeEntry OsReleaseEntry(string text) =>
        new() { Path = TreePath.Parse("usr/lib/os-release"), Kind = TreeEntryKind.File, Mode = 0x1A4 /* 0644 */, Size = System.Text.Encoding.UTF8.GetByteCount(text) };

    private static async Task<byte[]> OsReleaseAsync(OciLayout source, OciImage image, CancellationToken ct)
    {
        await using var reader = image.OpenLayers(source);
        while (await reader.NextAsync(ct) is { } entry)
        {
            if (entry.Path != TreePath.Parse("usr/lib/os-release") || entry.Kind != TreeEntryKind.File)
                continue;
            byte[] content = new byte[entry.Size];
            for (int read = 0; read < content.Length;)
                read += await reader.ReadAsync(content.AsMemory(read), ct);
            return content;
        }
        throw new InvalidOperationException("bug: a lab OS without usr/lib/os-release");
    }
}
