using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Lab.Registries;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Tests.Networks;

/// <summary>A small framed release in a registry: two layers, a large file that does not compress, some that do.</summary>
internal sealed class NetworkRelease : IAsyncDisposable
{
    private readonly TemporaryDirectory _scratch = new();

    public ScriptedRegistry Registry { get; } = new();

    public ReleaseManifest Manifest { get; private set; } = null!;

    /// <summary>Bytes of the layers.</summary>
    public long Size => Manifest.Image.Layers.Sum(l => l.Size);

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
        var layout = OciLayout.Create(made._scratch.Of("layout"));
        var image = await RoundTripTests.BuildAsync(layout, [new ListedTree(lower), new ListedTree(upper)]);
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
        using var http = new HttpClient(RegistryClient.NewHandler());
        await new RegistryClient(http, new RegistryLocation(made.Registry.Base, "os/test"), null, new TransferCounter()).PushAsync(signed, layout, null, default);
        return made;
    }

    public async ValueTask DisposeAsync()
    {
        await Registry.DisposeAsync();
        _scratch.Dispose();
    }
}
