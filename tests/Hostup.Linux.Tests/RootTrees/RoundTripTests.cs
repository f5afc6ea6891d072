using System.IO.Compression;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Lab.Trees;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Layouts;

namespace Hostup.Linux.Tests.RootTrees;

[Trait("Needs", "root")]
public sealed class RoundTripTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Random_layers_on_disk_have_the_digest_that_memory_gives()
    {
        Run.NeedsRoot();
        for (int seed = 1; seed <= 25; seed++)
        {
            var layers = RandomLayers.Make(seed, layers: 3, entries: 60);
            var expected = await RootTree.ReadAsync(new ListedTree(layers.SelectMany(l => l)), new HashSet<TreePath>(), default);
            var layout = OciLayout.Create(_scratch.Of($"layout-{seed}"));
            var image = await BuildAsync(layout, [.. layers.Select(l => new ListedTree(l))]);

            var directory = _scratch.Sub($"tree-{seed}");
            await WriteAsync(image.OpenLayers(layout), directory);
            var onDisk = await TreeDigestOfDirectory.ComputeAsync(directory, null, default);
            var again = await BuildAsync(layout, [new DirectoryTreeReader(directory)]);
            var flat = await RootTree.ReadAsync(again.OpenLayers(layout), new HashSet<TreePath>(), default);

            Assert.True(expected.Digest == onDisk, $"seed {seed}: {await DifferenceAsync(expected, directory)}");
            Assert.True(expected.Digest == flat.Digest, $"seed {seed}");
            Assert.Equal(expected.Sums, flat.Sums);
        }
    }

    [Theory]
    [InlineData("--format=gnu", "--sparse")]
    [InlineData("--format=pax", "--sparse", "--sparse-version=0.0")]
    [InlineData("--format=pax", "--sparse", "--sparse-version=0.1")]
    [InlineData("--format=pax", "--sparse", "--sparse-version=1.0")]
    [InlineData("--format=pax", "--pax-option=delete=atime,delete=ctime")]
    [InlineData("--format=gnu")]
    public async Task What_tar_writes_reads_as_the_directory_it_was_made_from(params string[] options)
    {
        Run.NeedsRoot();
        Run.Needs("/bin/tar");
        bool attributes = options[0] == "--format=pax";
        var directory = _scratch.Sub("tree");
        await WriteAsync(new ListedTree(Everything(attributes)), directory);

        var tar = _scratch.Of("tree.tar");
        Run.Checked("/bin/tar", [.. options, .. attributes ? ["--xattrs", "--xattrs-include=*"] : Array.Empty<string>(), "--numeric-owner", "-C", directory, "-cf", tar, "."]);
        await using var file = File.OpenRead(tar);
        var tree = await RootTree.ReadAsync(new LayerReader(file), new HashSet<TreePath>(), default);

        Assert.True(tree.Digest == await TreeDigestOfDirectory.ComputeAsync(directory, null, default), await DifferenceAsync(tree, directory));
        if (options.Contains("--sparse"))
            Assert.True(file.Length < 4 << 20, $"the archive is sparse: {file.Length}");
    }

    [Fact]
    public async Task What_we_write_unpacks_with_tar_to_the_same_digest()
    {
        Run.NeedsRoot();
        Run.Needs("/bin/tar");
        var tar = _scratch.Of("tree.tar");
        await using (var file = File.Create(tar))
            await new LayerWriter(file).WriteAsync(new ListedTree(Everything(attributes: true)), default);

        var directory = _scratch.Sub("tree");
        Run.Checked("/bin/tar", "--xattrs", "--xattrs-include=*", "--numeric-owner", "-C", directory, "-xpf", tar);
        var expected = await RootTree.ReadAsync(new ListedTree(Everything(attributes: true)), new HashSet<TreePath>(), default);

        Assert.True(expected.Digest == await TreeDigestOfDirectory.ComputeAsync(directory, null, default), await DifferenceAsync(expected, directory));
    }

    internal static async Task WriteAsync(ITreeReader tree, string directory)
    {
        await using (tree)
        {
            using var writer = new SlotTreeWriter(directory);
            while (await tree.NextAsync(default) is { } entry)
                await writer.WriteAsync(entry, tree, 0, _ => default, default);
            await writer.FinishAsync(default);
        }
    }

    internal static async Task<OciImage> BuildAsync(OciLayout layout, ITreeReader[] layers)
    {
        var builder = new ImageBuilder(layout, OciPlatform.LinuxAmd64) { Compression = CompressionLevel.Fastest };
        foreach (var layer in layers)
        {
            await builder.AddLayerAsync(layer, "test", default);
            await layer.DisposeAsync();
        }
        return await builder.FinishAsync("test", new Dictionary<string, string>(), default);
    }

    /// <summary>One of each kind, with the values that are hard to carry.</summary>
    internal static IEnumerable<(TreeEntry Entry, ReadOnlyMemory<byte> Content)> Everything(bool attributes)
    {
        ExtendedAttribute[] capability = attributes
            ? [new("security.capability", (byte[])[1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), new("user.empty", default)]
            : [];
        var holes = new byte[9 << 20];
        holes.AsSpan(5_000_000, 10).Fill(7);
        var deep = TreePath.Parse(string.Join('/', Enumerable.Repeat(new string('n', 90), 5)));
        yield return (Folder("", 0x1ED, 0), default);
        yield return (Folder("bin", 0x1ED, 5), default);
        yield return (Plain("bin/ping", 0x9ED, 1_700_000_000) with { ExtendedAttributes = capability }, "ping"u8.ToArray());
        yield return (new TreeEntry { Path = TreePath.Parse("bin/ping6"), Kind = TreeEntryKind.HardLink, LinkTarget = TreePath.Parse("bin/ping") }, default);
        yield return (new TreeEntry { Path = TreePath.Parse("bin/sh"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = System.Text.Encoding.ASCII.GetBytes(new string('t', 300)), ModifiedSeconds = 77 }, default);
        yield return (new TreeEntry { Path = TreePath.Parse("console"), Kind = TreeEntryKind.CharacterDevice, Mode = 0x180, DeviceMajor = 5, DeviceMinor = 1, ModifiedSeconds = 3 }, default);
        yield return (new TreeEntry { Path = TreePath.Parse("disk"), Kind = TreeEntryKind.BlockDevice, Mode = 0x1B0, DeviceMajor = 259, DeviceMinor = 700_000, GroupId = 6 }, default);
        yield return (new TreeEntry { Path = TreePath.Parse("pipe"), Kind = TreeEntryKind.Fifo, Mode = 0x180, UserId = 3_000_000 }, default);
        yield return (Plain("holes", 0x1A4, 9), holes);
        yield return (Plain("hole-at-end", 0x1A4, 9), new byte[1_000_001]);
        yield return (new TreeEntry { Path = TreePath.Root.Child([0xFF, 0xFE, (byte)' ', 0xC3]), Kind = TreeEntryKind.File, Mode = 0 }, new byte[] { 1 });
        for (var above = TreePath.Parse(new string('n', 90)); above != deep; above = above.Child(above.Name))
            yield return (new TreeEntry { Path = above, Kind = TreeEntryKind.Directory, Mode = 0x1ED, ModifiedSeconds = 4 }, default);
        yield return (new TreeEntry { Path = deep, Kind = TreeEntryKind.Directory, Mode = 0x5FF, ModifiedSeconds = 1 }, default);
        yield return (new TreeEntry { Path = deep.Child([.. Enumerable.Repeat((byte)0xE9, 255)]), Kind = TreeEntryKind.File, Mode = 0x1FF }, new byte[] { 2 });
    }

    private static TreeEntry Folder(string path, int mode, long modified) => new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.Directory, Mode = mode, ModifiedSeconds = modified };

    private static TreeEntry Plain(string path, int mode, long modified) => new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.File, Mode = mode, ModifiedSeconds = modified };

    private static async Task<string> DifferenceAsync(RootTree expected, string directory)
    {
        await using var reader = new DirectoryTreeReader(directory);
        var actual = await RootTree.ReadAsync(reader, new HashSet<TreePath>(), default);
        string[] Lines(RootTree tree) => [.. tree.Entries.Select(e => $"{Convert.ToHexString(e.Entry.Path.Bytes)} {e.Entry} {e.Entry.LinkTarget} {Convert.ToHexString(e.Entry.SymbolicTarget.Span)} {string.Join(',', e.Entry.ExtendedAttributes.OrderBy(a => a.Name, StringComparer.Ordinal).Select(a => a.Name + "=" + Convert.ToHexString(a.Value.Span)))} {e.Content}")];
        var (want, have) = (Lines(expected), Lines(actual));
        return string.Join('\n', want.Except(have).Take(5).Select(l => "- " + l).Concat(have.Except(want).Take(5).Select(l => "+ " + l)));
    }
}
