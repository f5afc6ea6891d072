using System.IO.Compression;
using Hostup.Core.RootTrees;
using Hostup.Lab.Trees;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Oci.Tests;

/// <summary>A small image of random layers in a layout that is gone after the test.</summary>
internal sealed class TestImage : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("hostup-test-");

    private TestImage() => Layout = OciLayout.Create(Path.Combine(_directory.FullName, "layout"));

    public OciLayout Layout { get; }

    public OciImage Image { get; private set; } = null!;

    /// <summary>Digest of the tree that its layers come to.</summary>
    public RootTree Tree { get; private set; } = null!;

    public static async Task<TestImage> MakeAsync(int seed, CompressionLevel compression = CompressionLevel.Fastest)
    {
        var made = new TestImage();
        var layers = RandomLayers.Make(seed, layers: 3, entries: 40);
        var builder = new ImageBuilder(made.Layout, OciPlatform.LinuxAmd64) { Compression = compression };
        foreach (var layer in layers)
            await builder.AddLayerAsync(new ListedTree(layer), "test", default);
        made.Image = await builder.FinishAsync("os:1", new Dictionary<string, string> { ["a"] = "b" }, default);
        made.Tree = await RootTree.ReadAsync(new ListedTree(layers.SelectMany(l => l)), new HashSet<TreePath>(), default);
        return made;
    }

    public string Scratch(string name) => Path.Combine(_directory.FullName, name);

    public string BlobFile(OciDescriptor blob) => Path.Combine(Layout.Directory, "blobs", "sha256", blob.Digest.Hex);

    public static async Task<RootTree> ReadAsync(OciImage image, IBlobSource source)
    {
        await using var layers = image.OpenLayers(source);
        return await RootTree.ReadAsync(layers, new HashSet<TreePath>(), default);
    }

    public void Dispose() => _directory.Delete(recursive: true);
}
