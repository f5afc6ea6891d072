using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Hostup.Delta.Building;
using Hostup.Delta.Members;

namespace Hostup.Delta.Tests;

/// <summary>Kernels and first roots, packed by the very library that the old tree holds.</summary>
public sealed class RepackTests
{
    [Theory, InlineData("liblz4.so.1"), InlineData("libzstd.so.1")]
    public async Task A_packed_kernel_costs_what_changed_in_it(string library)
    {
        var (kind, file) = Library(library);
        byte[] old = Text(1, 3_000_000), target = [.. old.AsSpan(0, 1_000_000), .. "a small change"u8, .. old.AsSpan(1_000_000)];
        using var from = await TestTrees.SpoolAsync(("boot/vmlinuz-6.1.0-1", Packed(kind, library, old)), ("usr/lib/" + library, file));
        using var to = await TestTrees.SpoolAsync(("boot/vmlinuz-6.1.0-2", Packed(kind, library, target)), ("usr/lib/" + library, file));

        var (bytes, written) = await ApplyAsync(from, to);

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.InRange(bytes, 300, 2500);
    }

    [Fact]
    public async Task A_first_root_is_made_of_the_files_of_the_new_root()
    {
        var (kind, library) = Library(CodecLibrary.Zstd);
        byte[] module = Text(2, 2_000_000), newer = Text(3, 2_100_000), own = Text(4, 300_001);
        using var from = await TestTrees.SpoolAsync(("boot/initrd.img-1", Packed(kind, CodecLibrary.Zstd, Cpio(("m.ko", module), ("conf", own)))), ("lib/libzstd.so.1", library), ("lib/m.ko", module));
        using var to = await TestTrees.SpoolAsync(("boot/initrd.img-2", Packed(kind, CodecLibrary.Zstd, Cpio(("m.ko", newer), ("conf", own)))), ("lib/libzstd.so.1", library), ("lib/m.ko", newer));
        using var without = await TestTrees.SpoolAsync(("boot/initrd.img-2", [1]), ("lib/libzstd.so.1", library), ("lib/m.ko", newer));

        var (bytes, written) = await ApplyAsync(from, to);
        long module2 = (await TestTrees.BuildAsync(from, without)).Length;

        Assert.Equal(to.Digest, await written.DigestAsync());
        // Brotli itself varies by some percent with what else is in a stream
        Assert.InRange(bytes, module2 * 95 / 100, module2 * 105 / 100);
    }

    [Fact]
    public async Task A_tree_without_the_library_gets_the_file_as_it_is()
    {
        var (kind, _) = Library(CodecLibrary.Zstd);
        byte[] old = Text(1, 3_000_000);
        using var from = await TestTrees.SpoolAsync(("boot/vmlinuz", Packed(kind, CodecLibrary.Zstd, old)));
        using var to = await TestTrees.SpoolAsync(("boot/vmlinuz", Packed(kind, CodecLibrary.Zstd, [.. old.AsSpan(0, 100), 7, .. old.AsSpan(100)])));

        var (bytes, written) = await ApplyAsync(from, to);

        Assert.Equal(to.Digest, await written.DigestAsync());
        Assert.True(bytes > 100_000, $"{bytes} bytes");
    }

    private static async Task<(long Bytes, WrittenTree Written)> ApplyAsync(SpooledTree from, SpooledTree to)
    {
        byte[] delta = await TestTrees.BuildAsync(from, to, new DeltaOptions { Threads = 1, Quality = 9 });
        var written = new WrittenTree();
        await written.ApplyAsync(new MemoryStream(delta), from);
        return (delta.Length, written);
    }

    private static (PackingKind Kind, byte[] File) Library(string name)
    {
        Assert.SkipUnless(NativeLibrary.TryLoad(name, out _), $"needs {name}");
        string stem = name[..^2];
        string file = File.ReadLines("/proc/self/maps").Where(l => l.Contains('/')).Select(l => l[l.IndexOf('/')..]).First(f => Path.GetFileName(f).StartsWith(stem, StringComparison.Ordinal));
        return (name == CodecLibrary.Lz4 ? PackingKind.Lz4 : PackingKind.Zstd, File.ReadAllBytes(file));
    }

    /// <summary>A beginning, the packed part, and for LZ4 an end.</summary>
    private static byte[] Packed(PackingKind kind, string library, byte[] content)
    {
        int at = 0;
        var packing = new Packing(kind, 9, kind == PackingKind.Zstd, kind == PackingKind.Zstd, content.Length % 2 == 1, new CodecLibrary(library).Digest!.Value);
        using var packer = PackedFile.Packer(packing, Next, content.Length);
        using var packed = new MemoryStream();
        byte[] part = new byte[100_000];
        while (packer.Read(part) is > 0 and var read)
            packed.Write(part, 0, read);
        // incompressible content makes the file large enough to be looked at
        byte[] head = kind == PackingKind.Lz4 ? TestTrees.Bytes(9, 20_000) : [];
        return kind == PackingKind.Lz4 ? [.. head, .. packed.ToArray(), .. BitConverter.GetBytes(content.Length)] : packed.ToArray();

        int Next(Span<byte> buffer)
        {
            content.AsSpan(at, buffer.Length).CopyTo(buffer);
            at += buffer.Length;
            return buffer.Length;
        }
    }

    /// <summary>Packs to about half.</summary>
    private static byte[] Text(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(24))];
    }

    /// <summary>The "newc" form: 13 fields of 8 digits after the magic; names and contents padded to 4.</summary>
    private static byte[] Cpio(params (string Name, byte[] Content)[] files)
    {
        var archive = new List<byte>();
        foreach (var (name, content) in files.Append(("TRAILER!!!", [])))
        {
            int[] fields = [1, 0x81A4, 0, 0, 1, 0, content.Length, 0, 0, 0, 0, name.Length + 1, 0];
            archive.AddRange(Encoding.ASCII.GetBytes("070701" + string.Concat(fields.Select(f => f.ToString("x8", CultureInfo.InvariantCulture))) + name + "\0"));
            Pad(archive);
            archive.AddRange(content);
            Pad(archive);
        }
        return [.. archive];
    }

    private static void Pad(List<byte> archive)
    {
        while (archive.Count % 4 != 0)
            archive.Add(0);
    }
}
