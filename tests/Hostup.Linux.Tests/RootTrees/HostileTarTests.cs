using System.IO.Compression;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Lab.Trees;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;

namespace Hostup.Linux.Tests.RootTrees;

/// <summary>Layers that an enemy made, written onto a real file system: a clear error or a harmless tree, and nothing outside is touched.</summary>
[Trait("Needs", "root")]
public sealed class HostileTarTests : IDisposable
{
    private const long Tebibyte = 1L << 40;
    private readonly TemporaryDirectory _scratch = new();
    private readonly string _outside;
    private readonly string _tree;

    public HostileTarTests()
    {
        (_tree, _outside) = (_scratch.Sub("tree"), _scratch.Sub("outside"));
        File.WriteAllText(Path.Combine(_outside, "kept"), "kept");
    }

    public void Dispose() => _scratch.Dispose();

    /// <summary>Name, layer ("@" is the folder outside), code of the refusal; empty: it is written, inside.</summary>
    public static TheoryData<string, string[], string> Layers => new()
    {
        { "a name that leaves the tree", ["f ../evil"], "bad-image" },
        { "a name that leaves it after a while", ["f a/b/../../../evil"], "bad-image" },
        { "an absolute name", ["f @/evil"], "" },
        { "a link out and a file through it", ["l out @", "f out/evil"], "bad-image" },
        { "a link out and a directory through it", ["l out @", "d out/evil/"], "bad-image" },
        { "a link out and a device through it", ["l out @", "b out/evil"], "bad-image" },
        { "a link out and a pipe through it", ["l out @", "p out/evil"], "bad-image" },
        { "a link upwards and a file through it", ["l out ../outside", "f out/evil"], "bad-image" },
        { "a link to a link", ["l a @", "l b a", "f b/evil"], "bad-image" },
        { "a directory that becomes a link", ["d a/", "f a/x", "l a @", "f a/evil"], "bad-image" },
        { "a hard link out", ["h stolen @/kept"], "bad-image" },
        { "a hard link upwards", ["h stolen ../outside/kept"], "bad-image" },
        { "a hard link through a link", ["l out @", "h stolen out/kept"], "bad-image" },
        { "a hard link to itself", ["f a", "h a a"], "" },
        { "a whiteout through a link", ["l out @", "f out/.wh.kept"], "" },
        { "a device above the tree", ["b ../evil"], "bad-image" },
        { "devices and pipes inside", ["b sda", "p pipe", "f pipe", "f sda"], "" },
        { "one name ten times", ["f a", "f a", "d a/", "f a", "l a @", "f a", "p a", "f a", "b a", "f a"], "" },
        { "names that differ in case", ["f Readme", "f README", "d readme/"], "" },
        { "a file as a directory", ["f a", "f a/b"], "bad-image" },
        { "the root as a link", ["l . @"], "bad-image" },
        { "a name of one byte too many", ["f " + new string('n', 256)], "bad-image" },
        { "no names at all", ["f "], "bad-image" },
    };

    [Theory, MemberData(nameof(Layers))]
    public async Task A_hostile_layer_stays_inside(string name, string[] entries, string code)
    {
        Run.NeedsRoot();
        byte[] tar = [.. entries.SelectMany(Entry), .. new byte[1024]];

        var refusal = await WriteAsync(new MemoryStream(tar), _tree);

        Assert.True(code == (refusal?.Code.Id ?? ""), $"{name}: {refusal?.Message}");
        AssertNothingOutside();
    }

    public static TheoryData<string, byte[]> Liars => new()
    {
        { "a sparse file of 1 TiB", TarBytes.Header("huge", 'S', change: b => { TarBytes.Put(b, 386, "000000000000000000000000"); Number(b, 483, Tebibyte); }) },
        { "a pax sparse file of 1 TiB", [.. TarBytes.Pax("GNU.sparse.size=" + Tebibyte, "GNU.sparse.numblocks=0"), .. TarBytes.Header("huge")] },
        { "a file that says 1 TiB and ends", TarBytes.Header("huge", change: b => Number(b, 124, Tebibyte)) },
        { "a file of less than nothing", TarBytes.Header("huge", change: b => b.AsSpan(124, 12).Fill(0xFF)) },
        { "a file of all there is", TarBytes.Header("huge", change: b => Number(b, 124, long.MaxValue)) },
        { "a long name without an end", TarBytes.Header("././@LongLink", 'L', "77777777777") },
        { "a pax header without an end", TarBytes.Header("pax", 'x', "77777777777") },
        { "a sparse map of nonsense", [.. TarBytes.Pax("GNU.sparse.size=10", "GNU.sparse.map=9,9,3,3"), .. TarBytes.Header("s")] },
        { "a user beyond all users", TarBytes.Header("u", change: b => Number(b, 108, long.MaxValue, 8)) },
    };

    [Theory, MemberData(nameof(Liars))]
    public async Task A_layer_that_lies_about_sizes_is_refused(string name, byte[] tar)
    {
        Run.NeedsRoot();

        var refusal = await WriteAsync(new MemoryStream([.. tar, .. new byte[1024]]), _tree);

        Assert.True(refusal?.Code == HostupErrors.BadImage, $"{name}: {refusal?.Message ?? "written"}");
        AssertNothingOutside();
    }

    [Fact]
    public async Task A_million_empty_entries_end_with_a_full_slot_in_words()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/mount");
        Run.Checked("/usr/bin/mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=5000", "none", _tree);
        try
        {
            var refusal = await WriteAsync(new EndlessTarStream(entries: 1_000_000, bytesEach: 0), _tree);

            Assert.Equal(HostupErrors.SlotWrite, refusal?.Code);
            Assert.Contains("No space left", refusal!.Message, StringComparison.Ordinal);
        }
        finally
        {
            Run.Checked("/usr/bin/umount", _tree);
        }
        AssertNothingOutside();
    }

    [Fact]
    public async Task A_compressed_bomb_ends_with_a_full_slot_in_words()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/mount");
        Run.Checked("/usr/bin/mount", "-t", "tmpfs", "-o", "size=16m", "none", _tree);
        try
        {
            // 256 MiB in some 250 KiB
            var packed = new MemoryStream();
            await using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
                await new EndlessTarStream(entries: 1, bytesEach: 256 << 20).CopyToAsync(gzip);
            byte[] layer = packed.ToArray();
            Assert.True(layer.Length < 1 << 20, $"{layer.Length} bytes");
            var blob = new OciDescriptor { MediaType = MediaTypes.GzipLayer, Digest = Core.Digest.Of(layer), Size = layer.Length };
            await using var layers = new LayersReader(new OneBlob(layer), [new OciLayer(blob, Core.Digest.Of("anything"u8))]);

            var refusal = await ApplyAsync(layers, _tree);

            Assert.Equal(HostupErrors.SlotWrite, refusal?.Code);
        }
        finally
        {
            Run.Checked("/usr/bin/umount", _tree);
        }
        AssertNothingOutside();
    }

    private void AssertNothingOutside()
    {
        Assert.Equal([Path.Combine(_outside, "kept")], Directory.GetFileSystemEntries(_outside));
        Assert.Equal("kept", File.ReadAllText(Path.Combine(_outside, "kept")));
        Assert.Equal("1\n", Run.Checked("/usr/bin/stat", "-c", "%h", _outside + "/kept"));
        Assert.Equal([_outside, _tree], Directory.GetFileSystemEntries(_scratch.Path).Order(StringComparer.Ordinal));
    }

    private byte[] Entry(string text)
    {
        var (type, rest) = (text[0], text[2..].Split(' '));
        string name = rest[0].Replace("@", _outside, StringComparison.Ordinal);
        string link = rest.Length > 1 ? rest[1].Replace("@", _outside, StringComparison.Ordinal) : "";
        byte[] header = TarBytes.Header(name.Length <= 100 ? name : "long", type switch { 'l' => '2', 'h' => '1', 'd' => '5', 'p' => '6', 'b' => '4', _ => '0' }, link: link);
        return name.Length <= 100 ? header : [.. TarBytes.Pax("path=" + name), .. header];
    }

    private static void Number(byte[] block, int at, long value, int length = 12)
    {
        // base-256, as GNU writes what octal cannot hold
        block.AsSpan(at, length).Clear();
        for (int i = 0; i < 8 && i < length - 1; i++)
            block[at + length - 1 - i] = (byte)(value >> (8 * i));
        block[at] = 0x80;
    }

    private static async Task<HostupException?> WriteAsync(Stream tar, string directory)
    {
        await using var layer = new LayerReader(tar);
        return await ApplyAsync(layer, directory);
    }

    private static async Task<HostupException?> ApplyAsync(ITreeReader layers, string directory)
    {
        using var writer = new SlotTreeWriter(directory);
        return await Record.ExceptionAsync(async () =>
        {
            while (await layers.NextAsync(default) is { } entry)
                await writer.WriteAsync(entry, layers, 0, _ => default, default);
            await writer.FinishAsync(default);
        }) switch
        {
            null => null,
            HostupException refusal => refusal,
            var other => throw new InvalidOperationException($"bug: {other.Message}", other),
        };
    }

    private sealed class OneBlob(byte[] content) : IBlobSource
    {
        public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => ValueTask.FromResult<Stream>(new MemoryStream(content[(int)offset..]));
    }
}
