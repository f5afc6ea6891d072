using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Lab.Trees;
using Hostup.Oci.Layers;

namespace Hostup.Oci.Tests;

public sealed class LayerReaderTests
{
    [Fact]
    public async Task What_is_written_reads_back()
    {
        for (int seed = 1; seed <= 40; seed++)
        {
            foreach (var layer in RandomLayers.Make(seed, layers: 2, entries: 40))
            {
                using var tar = new MemoryStream();
                await new LayerWriter(tar).WriteAsync(new ListedTree(layer), default);
                tar.Position = 0;
                await using var reader = new LayerReader(new SplitStream(tar, seed));

                foreach (var (expected, content) in layer)
                {
                    var actual = await reader.NextAsync(default);
                    Assert.True(actual is not null && Same(expected, actual), $"seed {seed}: {expected} was read as {actual}");
                    if (expected.Kind == TreeEntryKind.File && seed % 3 != 0)
                        Assert.Equal(content.ToArray(), await ContentAsync(reader));
                }
                Assert.Null(await reader.NextAsync(default));
            }
        }
    }

    [Fact]
    public async Task The_same_entries_give_the_same_bytes()
    {
        var layer = RandomLayers.Make(7, 1, 50)[0];
        using MemoryStream first = new(), second = new();

        await new LayerWriter(first).WriteAsync(new ListedTree(layer), default);
        await new LayerWriter(second).WriteAsync(new ListedTree(layer), default);

        Assert.Equal(first.ToArray(), second.ToArray());
    }

    [Fact]
    public async Task Every_way_to_write_a_long_name_is_read()
    {
        var name = new string('n', 200) + "/" + new string('m', 150);
        byte[] gnu = [.. TarBytes.Header("././@LongLink", 'L', "00000000540"), .. TarBytes.Padded(Encoding.ASCII.GetBytes(name + "\0")), .. TarBytes.Header("cut")];
        byte[] pax = [.. TarBytes.Pax("path=" + name), .. TarBytes.Header("cut")];
        byte[] prefix = TarBytes.Header("name", change: b => TarBytes.Put(b, 345, "a/prefix"));

        Assert.Equal("/" + name, (await SingleAsync(gnu)).Path.ToString());
        Assert.Equal("/" + name, (await SingleAsync(pax)).Path.ToString());
        Assert.Equal("/a/prefix/name", (await SingleAsync(prefix)).Path.ToString());
    }

    [Fact]
    public async Task Numbers_are_read_in_octal_base_256_and_pax()
    {
        var big = await SingleAsync([.. TarBytes.Pax("uid=4000000000", "mtime=-1.5", "gid=7"), .. TarBytes.Header("f")]);
        var binary = await SingleAsync(TarBytes.Header("f", change: b =>
        {
            new byte[] { 0x80, 0, 0, 0, 0xB2, 0xD0, 0x5E, 0 }.CopyTo(b, 108);
            new byte[] { 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE }.CopyTo(b, 136);
        }));

        Assert.Equal((4000000000u, 7u, -2L), (big.UserId, big.GroupId, big.ModifiedSeconds));
        Assert.Equal((3000000000u, -2L), (binary.UserId, binary.ModifiedSeconds));
    }

    [Fact]
    public async Task Attributes_are_read_as_star_and_libarchive_write_them()
    {
        var entry = await SingleAsync([.. TarBytes.Pax("SCHILY.xattr.security.capability=\u0001=\n\u0000x", "LIBARCHIVE.xattr.user.caf%C3%A9=AQID"), .. TarBytes.Header("f")]);

        Assert.Equal(["security.capability", "user.café"], entry.ExtendedAttributes.Select(a => a.Name).Order());
        Assert.Equal("\u0001=\n\u0000x"u8.ToArray(), entry.ExtendedAttributes.Single(a => a.Name[0] == 's').Value.ToArray());
        Assert.Equal([1, 2, 3], entry.ExtendedAttributes.Single(a => a.Name[0] == 'u').Value.ToArray());
    }

    [Fact]
    public async Task Marker_names_are_whiteouts()
    {
        byte[] tar = [.. TarBytes.Header("etc/.wh.passwd"), .. TarBytes.Header("var/.wh..wh..opq"), .. TarBytes.Header(".wh..wh.plnk/", '5'), .. TarBytes.Header(".wh..wh.aufs")];

        var entries = await ReadAsync(tar);

        Assert.Equal(["Whiteout /etc/passwd", "OpaqueDirectory /var"], entries.Select(e => $"{e.Kind} {e.Path}"));
    }

    [Fact]
    public async Task A_layer_may_end_without_its_zeros_and_may_be_empty()
    {
        Assert.Empty(await ReadAsync([]));
        Assert.Single(await ReadAsync(TarBytes.Header("f")));
        Assert.Single(await ReadAsync([.. TarBytes.Header("f"), .. new byte[10240]]));
    }

    public static TheoryData<string, byte[]> Hostile() => new()
    {
        { "leaves the tree", TarBytes.Header("../etc/passwd") },
        { "leaves the tree in the middle", TarBytes.Header("a/../../etc") },
        { "whiteout of the parent", TarBytes.Header("a/.wh...") },
        { "whiteout of nothing", TarBytes.Header("a/.wh.") },
        { "cut in a header", TarBytes.Header("f")[..300] },
        { "cut in content", [.. TarBytes.Header("f", size: "00000002000"), 1, 2, 3] },
        { "cut after a pax header", TarBytes.Pax("path=x") },
        { "wrong checksum", [.. TarBytes.Header("f")[..511], 1] },
        { "not a tar", [.. Enumerable.Range(0, 2048).Select(i => (byte)(i * 7 + 1))] },
        { "huge pax header", TarBytes.Header("pax", 'x', "77777777777") },
        { "huge long name", TarBytes.Header("././@LongLink", 'L', "77777777777") },
        { "largest size", TarBytes.Header("f", change: b => new byte[] { 0x80, 0, 0, 0, 0x7F, 255, 255, 255, 255, 255, 255, 255 }.CopyTo(b, 124)) },
        { "size beyond 64 bits", TarBytes.Header("f", change: b => new byte[] { 0x80, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 }.CopyTo(b, 124)) },
        { "negative size", TarBytes.Header("f", change: b => Enumerable.Repeat((byte)255, 12).ToArray().CopyTo(b, 124)) },
        { "owner too large", [.. TarBytes.Pax("uid=4294967296"), .. TarBytes.Header("f")] },
        { "negative owner", [.. TarBytes.Pax("uid=-1"), .. TarBytes.Header("f")] },
        { "number that is none", [.. TarBytes.Pax("size=12x"), .. TarBytes.Header("f")] },
        { "size not octal", TarBytes.Header("f", size: "0000000009z") },
        { "pax record longer than its header", [.. TarBytes.RawPax("999 path=x\n"), .. TarBytes.Header("f")] },
        { "pax record of no length", [.. TarBytes.RawPax("0 path=x\n"), .. TarBytes.Header("f")] },
        { "pax record without a keyword", [.. TarBytes.RawPax("5 =x\n"), .. TarBytes.Header("f")] },
        { "pax record without an end", [.. TarBytes.RawPax("10 path=xyz"), .. TarBytes.Header("f")] },
        { "attribute that is not base64", [.. TarBytes.Pax("LIBARCHIVE.xattr.a=***"), .. TarBytes.Header("f")] },
        { "NUL in a name", [.. TarBytes.Pax("path=a\0b"), .. TarBytes.Header("f")] },
        { "NUL in a link", [.. TarBytes.Pax("linkpath=a\0b"), .. TarBytes.Header("f", '2')] },
        { "link to nothing", TarBytes.Header("f", '2') },
        { "link that is too long", [.. TarBytes.Pax("linkpath=" + new string('a', 4096)), .. TarBytes.Header("f", '2')] },
        { "name that is too long", [.. TarBytes.Pax("path=" + new string('a', 256)), .. TarBytes.Header("f")] },
        { "path that is too long", [.. TarBytes.Pax("path=" + string.Concat(Enumerable.Repeat("abc/", 1100))), .. TarBytes.Header("f")] },
        { "hard link out of the tree", TarBytes.Header("f", '1', link: "../../etc/shadow") },
        { "link in place of the root", TarBytes.Header("./", (char)50, link: "x") },
        { "unknown type", TarBytes.Header("f", 'Q') },
        { "sparse map out of order", [.. TarBytes.Pax("GNU.sparse.size=100", "GNU.sparse.map=50,1,10,1"), .. TarBytes.Header("f", size: "00000000002"), .. new byte[512]] },
        { "sparse map beyond the file", [.. TarBytes.Pax("GNU.sparse.size=100", "GNU.sparse.map=99,2"), .. TarBytes.Header("f", size: "00000000002"), .. new byte[512]] },
        { "sparse map of more than is stored", [.. TarBytes.Pax("GNU.sparse.size=100", "GNU.sparse.map=0,50"), .. TarBytes.Header("f", size: "00000000002"), .. new byte[512]] },
        { "sparse map that overflows", [.. TarBytes.Pax("GNU.sparse.size=100", "GNU.sparse.map=9223372036854775807,9223372036854775807"), .. TarBytes.Header("f"), .. new byte[512]] },
        { "sparse map that never ends", [.. TarBytes.Pax("GNU.sparse.major=1", "GNU.sparse.realsize=100"), .. TarBytes.Header("f", size: "00000001000"), .. Encoding.ASCII.GetBytes(new string('1', 512))] },
        { "sparse map with a huge count", [.. TarBytes.Pax("GNU.sparse.major=1", "GNU.sparse.realsize=100"), .. TarBytes.Header("f", size: "00000001000"), .. TarBytes.Padded("9000000000\n"u8.ToArray())] },
        { "sparse file of 2^60 bytes", [.. TarBytes.Pax("GNU.sparse.size=1152921504606846976", "GNU.sparse.map=0,0"), .. TarBytes.Header("f")] },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Hostile_layers_are_refused(string name, byte[] tar)
    {
        var refused = await Assert.ThrowsAsync<HostupException>(() => ReadAsync(tar));

        Assert.True(refused.Code == HostupErrors.BadImage, name);
    }

    [Fact]
    public async Task Damaged_layers_are_read_or_refused_but_never_worse()
    {
        using var tar = new MemoryStream();
        await new LayerWriter(tar).WriteAsync(new ListedTree(RandomLayers.Make(3, 1, 30)[0]), default);
        var random = new Random(99);
        for (int round = 0; round < 2000; round++)
        {
            var damaged = tar.ToArray();
            for (int i = random.Next(1, 6); i > 0; i--)
                damaged[random.Next(damaged.Length / 512) * 512 + random.Next(160)] = (byte)random.Next(256);
            try
            {
                await ReadAsync(damaged[..random.Next(damaged.Length)]);
            }
            catch (HostupException e) when (e.Code == HostupErrors.BadImage)
            {
            }
        }
    }

    private static async Task<TreeEntry> SingleAsync(byte[] tar) => Assert.Single(await ReadAsync(tar));

    private static async Task<List<TreeEntry>> ReadAsync(byte[] tar)
    {
        await using var reader = new LayerReader(new MemoryStream(tar));
        var entries = new List<TreeEntry>();
        while (await reader.NextAsync(default) is { } entry)
        {
            entries.Add(entry);
            await ContentAsync(reader);
        }
        return entries;
    }

    private static async Task<byte[]> ContentAsync(LayerReader reader)
    {
        var content = new MemoryStream();
        var buffer = new byte[4000];
        while (await reader.ReadAsync(buffer, default) is > 0 and var read)
            content.Write(buffer, 0, read);
        return content.ToArray();
    }

    private static bool Same(TreeEntry a, TreeEntry b) => a.Path == b.Path && a.Kind == b.Kind && a.LinkTarget == b.LinkTarget
        && (a.Mode, a.UserId, a.GroupId, a.ModifiedSeconds, a.Size, a.DeviceMajor, a.DeviceMinor) == (b.Mode, b.UserId, b.GroupId, b.ModifiedSeconds, b.Size, b.DeviceMajor, b.DeviceMinor)
        && a.SymbolicTarget.Span.SequenceEqual(b.SymbolicTarget.Span)
        && a.ExtendedAttributes.OrderBy(x => x.Name, StringComparer.Ordinal).Select(x => x.Name + Convert.ToHexString(x.Value.Span))
            .SequenceEqual(b.ExtendedAttributes.OrderBy(x => x.Name, StringComparer.Ordinal).Select(x => x.Name + Convert.ToHexString(x.Value.Span)));

    /// <summary>Gives fewer bytes than asked for, as sockets do.</summary>
    private sealed class SplitStream(Stream inner, int seed) : Stream
    {
        private readonly Random _random = new(seed);

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => 0; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, _random.Next(1, 3000)));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
