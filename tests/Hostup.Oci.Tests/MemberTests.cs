using System.IO.Compression;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Layouts;

namespace Hostup.Oci.Tests;

public sealed class MemberTests
{
    [Fact]
    public async Task A_framed_image_has_the_same_content_and_reads_as_plain_gzip()
    {
        using var test = await TestImage.MakeAsync(11);
        var (image, layers) = await FrameAsync(test);

        Assert.Equal(test.Tree.Digest, (await TestImage.ReadAsync(image, test.Layout)).Digest);
        Assert.Equal(test.Tree.Digest, (await RootTree.ReadAsync(Framed(test, layers), new HashSet<TreePath>(), default)).Digest);
        Assert.Equal(test.Image.ConfigBytes.ToArray(), image.ConfigBytes.ToArray());
        Assert.All(layers, l => Assert.Equal(l.Size, l.Members.Sum(m => (long)m.Size)));
    }

    [Fact]
    public async Task Framing_twice_changes_nothing()
    {
        using var test = await TestImage.MakeAsync(12);
        var (once, layers) = await FrameAsync(test);

        var (twice, again) = await new ImageReframing(test.Layout).FrameAsync(once, test.Layout, "twice", default);

        Assert.Equal(once.Digest, twice.Digest);
        Assert.Equal(layers.SelectMany(l => l.Members), again.SelectMany(l => l.Members));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_member_is_larger_than_its_limits_whatever_the_content(bool random)
    {
        byte[] content = new byte[20 << 20];
        if (random)
            new Random(5).NextBytes(content);
        using var output = new MemoryStream();

        var members = await new MemberWriter(output).WriteAsync(new MemoryStream(content), default);

        Assert.All(members, m => Assert.True(m.Size <= LayerMember.MaxSize && m.ContentSize <= LayerMember.MaxContentSize, m.ToString()));
        Assert.Equal(content.Length, members.Sum(m => (long)m.ContentSize));
        output.Position = 0;
        using var whole = new MemoryStream();
        await new GZipStream(output, CompressionMode.Decompress).CopyToAsync(whole);
        Assert.True(content.AsSpan().SequenceEqual(whole.ToArray()));
    }

    [Fact]
    public async Task From_every_place_that_a_reader_passed_another_one_goes_on_with_the_same_entries()
    {
        using var test = await TestImage.MakeAsync(13);
        var (_, layers) = await FrameAsync(test);
        var all = await ReadAllAsync(Framed(test, layers), null);

        Assert.All(all, e => Assert.NotNull(e.Place));
        for (int i = 0; i < all.Count; i++)
        {
            var rest = await ReadAllAsync(Framed(test, layers, all[i].Place), null);

            Assert.Equal(all.Skip(i).Select(e => e.Text), rest.Select(e => e.Text));
        }
    }

    [Fact]
    public async Task In_the_middle_of_a_large_file_only_the_members_that_are_needed_are_fetched()
    {
        byte[] content = new byte[6 << 20];
        new Random(6).NextBytes(content);
        using var test = await TestImage.MakeAsync(14);
        var builder = new ImageBuilder(test.Layout, OciPlatform.LinuxAmd64);
        await builder.AddLayerAsync(new ListedTree([(new TreeEntry { Path = TreePath.Parse("big"), Kind = TreeEntryKind.File }, content)]), "big", default);
        var (_, layers) = await new ImageReframing(test.Layout).FrameAsync(await builder.FinishAsync("big", new Dictionary<string, string>(), default), test.Layout, "framed", default);
        var counted = new CountingSource(test.Layout);

        foreach (int done in new[] { 0, 1, 3_000_000, content.Length - 1, content.Length })
        {
            counted.Bytes = 0;
            await using var reader = Framed(counted, layers, TreePlace.Start);
            Assert.NotNull(await reader.NextAsync(default));
            await reader.SkipAsync(done, default);
            using var rest = new MemoryStream();
            byte[] buffer = new byte[100_000];
            while (await reader.ReadAsync(buffer, default) is > 0 and var read)
                rest.Write(buffer, 0, read);

            Assert.True(content.AsSpan(done).SequenceEqual(rest.ToArray()), $"after {done}");
            Assert.True(counted.Bytes <= content.Length - done + (3 * LayerMember.MaxSize), $"after {done}: {counted.Bytes} bytes fetched");
        }
    }

    [Fact]
    public async Task Damage_is_found_before_anything_of_its_member_is_handed_on()
    {
        using var test = await TestImage.MakeAsync(15);
        var (_, layers) = await FrameAsync(test);
        string blob = Path.Combine(test.Layout.Directory, "blobs", "sha256", layers[0].Digest.Hex);
        byte[] bytes = await File.ReadAllBytesAsync(blob);
        bytes[^9] ^= 1; // the gzip trailer: content inflates well up to it
        await File.WriteAllBytesAsync(blob, bytes);
        await using var reader = Framed(test, layers);

        var refused = await Assert.ThrowsAsync<HostupException>(async () => await reader.NextAsync(default));

        Assert.Equal(HostupErrors.DigestMismatch, refused.Code);
    }

    /// <summary>It was signed so: nothing behind it makes it right.</summary>
    [Fact]
    public async Task After_an_entry_that_cannot_be_read_nothing_more_is_fetched()
    {
        byte[] content = new byte[10 * LayerMember.MaxSize];
        new Random(7).NextBytes(content);
        using var framed = new MemoryStream();
        var members = await new MemberWriter(framed).WriteAsync(new MemoryStream(content), default);
        using var test = await TestImage.MakeAsync(18);
        var blob = await test.Layout.WriteBlobAsync(framed.ToArray(), MediaTypes.Layer, default);
        var counted = new CountingSource(test.Layout);
        var reader = new LayersReader(counted, [new OciLayer(blob, null) { Members = members }]);

        var error = await Assert.ThrowsAsync<HostupException>(async () => await reader.NextAsync(default));
        await reader.DisposeAsync();

        Assert.Equal(HostupErrors.BadImage, error.Code);
        Assert.InRange(counted.Bytes, 1, 2 * LayerMember.MaxSize);
    }

    [Fact]
    public async Task A_layer_in_one_piece_gives_a_place_at_its_beginning_only()
    {
        using var test = await TestImage.MakeAsync(16);
        await using var reader = new LayersReader(test.Layout, test.Image.Layers);

        var places = (await ReadAllAsync(reader, null)).Select(e => e.Place).OfType<TreePlace>().ToList();

        Assert.All(places, p => Assert.Equal(0, p.Offset));
        Assert.Equal([0, 1, 2], places.Select(p => p.Layer).Distinct());
    }

    [Fact]
    public async Task A_zstd_layer_is_read_with_the_library_of_the_system()
    {
        // tar --owner=0 --group=0 --mtime=@0 -cf t.tar hello.txt; zstd -19 t.tar
        byte[] packed = Convert.FromBase64String("KLUv/WQAJ5UCAMKDDBCg7XboP/8DgH27LWD6WWNSBk5JxDTtm+ptzVnVoX3QvnoYIsR9i/HfpZx744bGmFoBCyBQLzIP68X4DyDE8xTGAbD/fyZvBQKDBthNqwtWiGQ9");
        using var test = await TestImage.MakeAsync(17);
        var blob = await test.Layout.WriteBlobAsync(packed, "application/vnd.oci.image.layer.v1.tar+zstd", default);
        await using var reader = new LayersReader(test.Layout, [new OciLayer(blob, Core.Digest.Parse("sha256:3b12e9ca166d979d0f79015b63582d6d5dbbfa0862c320c4fdf2491da3d6b262"))]);

        var read = await ReadAllAsync(reader, null);

        Assert.Equal(["/hello.txt hello zstd layer\n"], read.Select(e => e.Text));
    }

    private static async Task<(OciImage Image, IReadOnlyList<ReleaseLayer> Layers)> FrameAsync(TestImage test) =>
        await new ImageReframing(test.Layout).FrameAsync(test.Image, test.Layout, "framed", default);

    private static LayersReader Framed(TestImage test, IReadOnlyList<ReleaseLayer> layers, TreePlace? from = null) => Framed(test.Layout, layers, from);

    private static LayersReader Framed(IBlobSource source, IReadOnlyList<ReleaseLayer> layers, TreePlace? from) => new(source, [.. layers.Select(OciLayer.Of)], from);

    private static async Task<List<(TreePlace? Place, string Text)>> ReadAllAsync(LayersReader reader, int? limit)
    {
        var all = new List<(TreePlace?, string)>();
        byte[] buffer = new byte[4096];
        while (all.Count != limit && await reader.NextAsync(default) is { } entry)
        {
            using var content = new MemoryStream();
            while (await reader.ReadAsync(buffer, default) is > 0 and var read)
                content.Write(buffer, 0, read);
            all.Add((reader.Place, $"{entry.Path} {System.Text.Encoding.Latin1.GetString(content.ToArray())}"));
        }
        return all;
    }

    /// <summary>A layout that counts what is read of it.</summary>
    private sealed class CountingSource(OciLayout layout) : IBlobSource
    {
        public long Bytes { get; set; }

        public async ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => new Counted(this, await layout.OpenAsync(blob, offset, ct));

        private sealed class Counted(CountingSource source, Stream inner) : Stream
        {
            public override bool CanRead => true;
            public override bool CanSeek => false;
            public override bool CanWrite => false;
            public override long Length => throw new NotSupportedException();
            public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

            public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
            {
                int read = await inner.ReadAsync(buffer, cancellationToken);
                source.Bytes += read;
                return read;
            }

            public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            public override void Flush()
            {
            }

            public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

            public override void SetLength(long value) => throw new NotSupportedException();

            public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

            protected override void Dispose(bool disposing)
            {
                inner.Dispose();
                base.Dispose(disposing);
            }
        }
    }
}
