using System.IO.Compression;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Lab.Registries;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Lab.Networks;

/// <summary>A small framed release in a registry: two layers, a large file that does not compress, some that do.</summary>
public sealed class NetworkRelease : IAsyncDisposable
{
    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("hostup-release-");

    /// <summary>Where it is.</summary>
    public ScriptedRegistry Registry { get; } = new();

    /// <summary>Its image as a layout, under the tag <c>framed</c> when it is.</summary>
    public string Layout => Path.Combine(_scratch.FullName, "layout");

    /// <summary>Its manifest.</summary>
    public ReleaseManifest Manifest { get; private set; } = null!;

    /// <summary>Bytes of the layers.</summary>
    public long Size => Manifest.Image.Layers.Sum(l => l.Size);

    /// <summary>Makes one.</summary>
    /// <param name="largeBytes">Bytes of the large file.</param>
    /// <param name="framed">Whether its layers are framed, as signing does.</param>
    public static async Task<NetworkRelease> MakeAsync(int largeBytes, bool framed = true)
    {
        var made = new NetworkRelease();
        byte[] large = new byte[largeBytes];
        new Random(largeBytes).NextBytes(large);
        var lower = new List<(TreeEntry, ReadOnlyMemory<byte>)> { (new TreeEntry { Path = TreePath.Parse("usr"), Kind = TreeEntryKind.Directory, Mode = 0x1ED, ModifiedSeconds = 5 }, default) };
        for (int i = 0; i < 60; i++)
            lower.Add((new TreeEntry { Path = TreePath.Parse($"usr/file-{i}"), Kind = TreeEntryKind.File, Mode = 0x1A4, ModifiedSeconds = i }, large.AsMemory(i * 997, 9000 + i)));
        lower.Add((new TreeEntry { Path = TreePath.Parse("usr/large"), Kind = TreeEntryKind.File, Mode = 0x1A4, ModifiedSeconds = 9 }, large));
        var upper = new List<(TreeEntry, ReadOnlyMemory<byte>)>
        {
            (new TreeEntry { Path = TreePath.Parse("usr/file-7"), Kind = TreeEntryKind.Whiteout }, default),
            (new TreeEntry { Path = TreePath.Parse("usr/again"), Kind = TreeEntryKind.HardLink, LinkTarget = TreePath.Parse("usr/large") }, default),
            (new TreeEntry { Path = TreePath.Parse("usr/zeros"), Kind = TreeEntryKind.File, Mode = 0x1A4 }, new byte[300_000]),
        };
        var layout = OciLayout.Create(made.Layout);
        var image = await BuildAsync(layout, new ListedTree(lower), new ListedTree(upper));
        var (signed, layers) = framed ? await new ImageReframing(layout).FrameAsync(image, layout, "framed", default) : (image, ImageReframing.LayersOf(image));
        var tree = await RootTree.ReadAsync(new ListedTree(lower.Concat(upper)), new HashSet<TreePath>(), default);
        made.Manifest = new ReleaseManifest
        {
            Version = "2.0.0",
            DeviceType = "folder",
            Sequence = 1,
            SignedAt = DateTimeOffset.UnixEpoch,
            Image = new ReleaseImage { Digest = signed.Digest, Repository = "os/test", DownloadBytes = signed.DownloadBytes, Layers = layers },
            TreeDigest = tree.Digest,
            Root = new RootFileSystem { ContentBytes = tree.Sums.ContentBytes, SpaceBytes = tree.Sums.SpaceBytes, Entries = tree.Sums.Entries },
        };
        using var http = RegistryClient.NewHttp();
        await new RegistryClient(http, new RegistryLocation(made.Registry.Base, "os/test"), null, new TransferCounter()).PushAsync(signed, layout, null, default);
        return made;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Registry.DisposeAsync();
        _scratch.Delete(recursive: true);
    }

    private static async Task<OciImage> BuildAsync(OciLayout layout, params ListedTree[] layers)
    {
        var builder = new ImageBuilder(layout, OciPlatform.LinuxAmd64) { Compression = CompressionLevel.Fastest };
        foreach (var layer in layers)
        {
            await builder.AddLayerAsync(layer, "test", default);
            await layer.DisposeAsync();
        }
        return await builder.FinishAsync("test", new Dictionary<string, string>(), default);
    }
}
