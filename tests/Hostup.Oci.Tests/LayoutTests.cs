using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Layouts;

namespace Hostup.Oci.Tests;

public sealed class LayoutTests
{
    [Theory]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.NoCompression)]
    public async Task An_image_comes_back_as_the_tree_it_was_built_from(CompressionLevel compression)
    {
        for (int seed = 1; seed <= 6; seed++)
        {
            using var test = await TestImage.MakeAsync(seed, compression);

            var image = await OciLayout.Open(test.Layout.Directory).LoadAsync("os:1", OciPlatform.LinuxAmd64, default);
            var tree = await TestImage.ReadAsync(image, test.Layout);

            Assert.True(test.Tree.Digest == tree.Digest, $"seed {seed}");
            Assert.Equal(test.Image.Digest, image.Digest);
        }
    }

    [Fact]
    public async Task The_same_trees_give_the_same_image()
    {
        using var first = await TestImage.MakeAsync(4);
        using var second = await TestImage.MakeAsync(4);

        Assert.Equal(first.Image.Digest, second.Image.Digest);
    }

    [Fact]
    public async Task A_layer_of_whiteouts_goes_over_an_image_without_packing_it_again()
    {
        using var test = await TestImage.MakeAsync(5);
        var gone = test.Tree.Entries.First(e => e.Entry.Kind == TreeEntryKind.Directory && !e.Entry.Path.IsRoot).Entry.Path;

        var builder = new ImageBuilder(test.Layout, OciPlatform.LinuxAmd64);
        await builder.AddBaseAsync(test.Image, test.Layout, default);
        await builder.AddLayerAsync(new ListedTree([
            (new TreeEntry { Path = gone, Kind = TreeEntryKind.Whiteout }, default),
            (new TreeEntry { Path = TreePath.Parse("usr/bin/dockerd"), Kind = TreeEntryKind.SymbolicLink, SymbolicTarget = "/dev/null"u8.ToArray() }, default),
        ]), "broken on purpose", default);
        var broken = await builder.FinishAsync("os:broken", new Dictionary<string, string>(), default);
        var tree = await TestImage.ReadAsync(broken, test.Layout);

        Assert.Equal(test.Image.Manifest.Layers.Select(l => l.Digest), broken.Manifest.Layers.SkipLast(1).Select(l => l.Digest));
        Assert.Equal("b", broken.Config.Config!.Labels!["a"]);
        Assert.Null(tree.Find(gone));
        Assert.Equal(TreeEntryKind.SymbolicLink, tree.Find(TreePath.Parse("usr/bin/dockerd"))!.Entry.Kind);
    }

    [Theory]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.NoCompression)]
    public async Task A_damaged_layer_is_called_damaged_wherever_the_damage_is(CompressionLevel compression)
    {
        using var test = await TestImage.MakeAsync(6, compression);
        var file = test.BlobFile(test.Image.Manifest.Layers[1]);
        var good = await File.ReadAllBytesAsync(file);
        for (int i = 0; i < 40; i++)
        {
            var damaged = good.ToArray();
            damaged[(long)i * (good.Length - 1) / 39] ^= 0x40;
            await File.WriteAllBytesAsync(file, damaged);

            var refused = await Assert.ThrowsAsync<HostupException>(() => TestImage.ReadAsync(test.Image, test.Layout));

            Assert.True(refused.Code == HostupErrors.DigestMismatch, $"byte {(long)i * (good.Length - 1) / 39}: {refused.Message}");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-200)]
    [InlineData(1)]
    [InlineData(3000)]
    public async Task A_layer_that_is_cut_or_has_more_behind_it_is_refused(int change)
    {
        using var test = await TestImage.MakeAsync(6);
        var file = test.BlobFile(test.Image.Manifest.Layers[2]);
        var good = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, change < 0 ? good[..^-change] : [.. good, .. new byte[change]]);

        var refused = await Assert.ThrowsAsync<HostupException>(() => TestImage.ReadAsync(test.Image, test.Layout));

        Assert.Equal(HostupErrors.DigestMismatch, refused.Code);
    }

    [Fact]
    public async Task A_wrong_diff_id_is_found()
    {
        using var test = await TestImage.MakeAsync(6);
        var layers = test.Image.Layers.Select((l, i) => i == 1 ? l with { DiffId = test.Image.Digest } : l).ToList();
        await using var reader = new LayersReader(test.Layout, layers);

        var refused = await Assert.ThrowsAsync<HostupException>(() => RootTree.ReadAsync(reader, new HashSet<TreePath>(), default));

        Assert.Equal(HostupErrors.DigestMismatch, refused.Code);
    }

    [Fact]
    public async Task Gzip_of_several_members_is_one_layer()
    {
        using var test = await TestImage.MakeAsync(8, CompressionLevel.NoCompression);
        var plain = await File.ReadAllBytesAsync(test.BlobFile(test.Image.Manifest.Layers[0]));
        using var packed = new MemoryStream();
        foreach (var part in plain.Chunk(10_000))
            await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                await gzip.WriteAsync(part);
        var blob = await test.Layout.WriteBlobAsync(packed.ToArray(), MediaTypes.GzipLayer, default);
        await using var reader = new LayersReader(test.Layout, [new OciLayer(blob, test.Image.Layers[0].DiffId), .. test.Image.Layers.Skip(1)]);

        var tree = await RootTree.ReadAsync(reader, new HashSet<TreePath>(), default);

        Assert.Equal(test.Tree.Digest, tree.Digest);
    }

    [Fact]
    public async Task What_is_called_a_zstd_layer_and_is_none_is_refused_in_words()
    {
        using var test = await TestImage.MakeAsync(8);
        var layer = test.Image.Layers[0] with { Blob = test.Image.Layers[0].Blob with { MediaType = "application/vnd.oci.image.layer.v1.tar+zstd" } };
        await using var reader = new LayersReader(test.Layout, [layer]);

        var refused = await Assert.ThrowsAsync<HostupException>(async () => await reader.NextAsync(default));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Contains("zstd", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_systems_library_a_zstd_layer_is_refused_with_what_to_do()
    {
        using var layer = new MemoryStream([1, 2, 3]);

        var refused = Assert.Throws<HostupException>(() => new ZstdStream(layer, "libzstd-is-not-here.so.1"));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Equal("cannot read a zstd layer: the system has no libzstd-is-not-here.so.1; build the image with gzip layers, or put libzstd into the OS that runs", refused.Message);
        Assert.False(layer.CanRead);
    }

    [Fact]
    public async Task A_whiteout_after_what_it_would_hide_is_refused()
    {
        using var test = await TestImage.MakeAsync(8);
        var builder = new ImageBuilder(test.Layout, OciPlatform.LinuxAmd64);
        await builder.AddBaseAsync(test.Image, test.Layout, default);
        await builder.AddLayerAsync(new ListedTree([
            (new TreeEntry { Path = TreePath.Parse("new/file"), Kind = TreeEntryKind.File }, default),
            (new TreeEntry { Path = TreePath.Parse("new"), Kind = TreeEntryKind.OpaqueDirectory }, default),
        ]), "test", default);
        var image = await builder.FinishAsync(null, new Dictionary<string, string>(), default);

        var refused = await Assert.ThrowsAsync<HostupException>(() => TestImage.ReadAsync(image, test.Layout));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
    }

    [Fact]
    public async Task An_unfinished_reader_can_be_closed()
    {
        using var test = await TestImage.MakeAsync(9);
        var reader = test.Image.OpenLayers(test.Layout);

        Assert.NotNull(await reader.NextAsync(default));

        await reader.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_docker_archive_is_read_in_any_order_and_with_links(bool manifestFirst)
    {
        using var test = await TestImage.MakeAsync(10, CompressionLevel.NoCompression);
        using var archive = new MemoryStream();
        await using (var writer = new TarWriter(archive, TarEntryFormat.Gnu, leaveOpen: true))
        {
            var layers = test.Image.Manifest.Layers;
            var manifest = $$"""[{"Config":"c.json","RepoTags":["os:7","os:latest"],"Layers":["one/layer.tar","blobs/sha256/two","three/layer.tar"]}]""";
            if (manifestFirst)
                Add("manifest.json", Encoding.UTF8.GetBytes(manifest));
            Add("c.json", test.Image.ConfigBytes.ToArray());
            Add("one/layer.tar", await File.ReadAllBytesAsync(test.BlobFile(layers[0])));
            Add("blobs/sha256/two", await File.ReadAllBytesAsync(test.BlobFile(layers[1])));
            Add("real/layer.tar", await File.ReadAllBytesAsync(test.BlobFile(layers[2])));
            await writer.WriteEntryAsync(new GnuTarEntry(TarEntryType.SymbolicLink, "three/layer.tar") { LinkName = "../real/layer.tar" });
            Add("repositories", "stray"u8.ToArray());
            if (!manifestFirst)
                Add("manifest.json", Encoding.UTF8.GetBytes(manifest));

            void Add(string name, byte[] content) => writer.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
        archive.Position = 0;
        var layout = OciLayout.Create(test.Scratch("imported"));

        var images = await DockerArchive.ImportAsync(archive, layout, default);

        var image = await layout.LoadAsync("os:latest", OciPlatform.LinuxAmd64, default);
        Assert.Equal(Assert.Single(images).Digest, image.Digest);
        Assert.Equal(test.Tree.Digest, (await TestImage.ReadAsync(image, layout)).Digest);
        Assert.Equal(5, Directory.GetFiles(Path.Combine(layout.Directory, "blobs", "sha256")).Length);
    }

    [Fact]
    public async Task An_index_gives_the_image_for_the_machine()
    {
        using var test = await TestImage.MakeAsync(11);
        var arm = await new ImageBuilder(test.Layout, new OciPlatform("arm64", "linux")).FinishAsync("os:arm", new Dictionary<string, string>(), default);
        var index = new OciIndex
        {
            MediaType = MediaTypes.Index,
            Manifests = [arm.Descriptor with { Platform = new("arm64", "linux", "v8") }, test.Image.Descriptor with { Platform = OciPlatform.LinuxAmd64 }],
        };
        var bytes = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(index, OciJson.Default.OciIndex);
        await test.Layout.AddManifestAsync(await test.Layout.WriteBlobAsync(bytes, MediaTypes.Index, default), "os:all", default);

        Assert.Equal(test.Image.Digest, (await test.Layout.LoadAsync("os:all", OciPlatform.LinuxAmd64, default)).Digest);
        Assert.Equal(arm.Digest, (await test.Layout.LoadAsync("os:all", new OciPlatform("arm64", "linux"), default)).Digest);
        var refused = await Assert.ThrowsAsync<HostupException>(() => test.Layout.LoadAsync("os:all", new OciPlatform("riscv64", "linux"), default));
        Assert.Equal(HostupErrors.NotFound, refused.Code);
    }
}
