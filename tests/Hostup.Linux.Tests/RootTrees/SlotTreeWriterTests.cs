using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Lab.Networks;
using Hostup.Linux.RootTrees;

namespace Hostup.Linux.Tests.RootTrees;

[Trait("Needs", "root")]
public sealed class SlotTreeWriterTests : IDisposable
{
    private readonly TemporaryDirectory _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task What_is_on_disk_is_what_other_programs_see()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/stat", "/usr/sbin/getcap");
        var directory = _scratch.Sub("tree");

        await RoundTripTests.WriteAsync(new ListedTree(RoundTripTests.Everything(attributes: true)), directory);

        Assert.Equal("4755 0 0 1700000000 4 2\n", Run.Checked("/usr/bin/stat", "-c", "%a %u %g %Y %s %h", directory + "/bin/ping"));
        Assert.Equal("character special file 5 1 600 3\n", Run.Checked("/usr/bin/stat", "-c", "%F %Hr %Lr %a %Y", directory + "/console"));
        Assert.Equal("block special file 259 700000 660 6\n", Run.Checked("/usr/bin/stat", "-c", "%F %Hr %Lr %a %g", directory + "/disk"));
        Assert.Equal("fifo 3000000\n", Run.Checked("/usr/bin/stat", "-c", "%F %u", directory + "/pipe"));
        Assert.Equal("symbolic link 77\n", Run.Checked("/usr/bin/stat", "-c", "%F %Y", directory + "/bin/sh"));
        Assert.Equal("5 0\n", Run.Checked("/usr/bin/stat", "-c", "%Y %u", directory + "/bin"));
        Assert.Equal("0\n", Run.Checked("/usr/bin/stat", "-c", "%Y", directory));
        Assert.EndsWith("/bin/ping cap_net_raw=ep\n", Run.Checked("/usr/sbin/getcap", directory + "/bin/ping"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Zero_blocks_become_holes()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/stat");
        var directory = _scratch.Sub("tree");

        await RoundTripTests.WriteAsync(new ListedTree(RoundTripTests.Everything(attributes: false)), directory);

        Assert.Equal("9437184 8\n", Run.Checked("/usr/bin/stat", "-c", "%s %b", directory + "/holes"));
        Assert.Equal("1000001 0\n", Run.Checked("/usr/bin/stat", "-c", "%s %b", directory + "/hole-at-end"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_flushed_outlives_a_power_cut(bool whole)
    {
        Run.NeedsRoot();
        Run.Needs("/usr/sbin/mkfs.ext4");
        await using var medium = await LoopMedium.MountAsync(64 << 20, default);
        string directory = Directory.CreateDirectory(medium.Path + "/tree").FullName;
        using var writer = new SlotTreeWriter(directory);
        var tree = new ListedTree(RoundTripTests.Everything(attributes: true));
        while (await tree.NextAsync(default) is { } entry)
            await writer.WriteAsync(entry, tree, 0, _ => default, default);

        if (whole)
            await writer.FinishAsync(default);
        else
            writer.Flush(whole: false, default);
        await using var left = await medium.CutAsync(default);

        Assert.Equal(await TreeDigestOfDirectory.ComputeAsync(directory, null, default), await TreeDigestOfDirectory.ComputeAsync(left.Path + "/tree", null, default));
    }

    [Theory]
    [InlineData(TreeEntryKind.File)]
    [InlineData(TreeEntryKind.Directory)]
    [InlineData(TreeEntryKind.SymbolicLink)]
    [InlineData(TreeEntryKind.Fifo)]
    public async Task No_entry_reaches_out_of_the_tree_through_a_link(TreeEntryKind kind)
    {
        Run.NeedsRoot();
        var (directory, outside) = (_scratch.Sub("tree"), _scratch.Sub("outside"));
        ListedTree layers = new([
            (Link("out", outside), default),
            (new TreeEntry { Path = TreePath.Parse("out/planted"), Kind = kind, Mode = 0x1ED, SymbolicTarget = "x"u8.ToArray() }, default),
        ]);

        var refused = await Assert.ThrowsAsync<HostupException>(() => RoundTripTests.WriteAsync(layers, directory));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Empty(Directory.GetFileSystemEntries(outside));
    }

    [Fact]
    public async Task Whiteouts_and_hard_links_do_not_reach_out_either()
    {
        Run.NeedsRoot();
        var (directory, outside) = (_scratch.Sub("tree"), _scratch.Sub("outside"));
        await File.WriteAllTextAsync(Path.Combine(outside, "kept"), "kept");
        ListedTree hiding = new([
            (Link("out", outside), default),
            (new TreeEntry { Path = TreePath.Parse("out/kept"), Kind = TreeEntryKind.Whiteout }, default),
            (new TreeEntry { Path = TreePath.Parse("out"), Kind = TreeEntryKind.OpaqueDirectory }, default),
        ]);
        ListedTree linking = new([
            (Link("out", outside), default),
            (new TreeEntry { Path = TreePath.Parse("stolen"), Kind = TreeEntryKind.HardLink, LinkTarget = TreePath.Parse("out/kept") }, default),
        ]);

        await RoundTripTests.WriteAsync(hiding, directory);
        var refused = await Assert.ThrowsAsync<HostupException>(() => RoundTripTests.WriteAsync(linking, directory));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Equal("kept", await File.ReadAllTextAsync(Path.Combine(outside, "kept")));
        Assert.Equal("1\n", Run.Checked("/usr/bin/stat", "-c", "%h", outside + "/kept"));
    }

    [Fact]
    public async Task A_full_device_is_reported_as_full()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/mount");
        var directory = _scratch.Sub("tree");
        Run.Checked("/usr/bin/mount", "-t", "tmpfs", "-o", "size=1m", "none", directory);
        try
        {
            var content = new byte[2 << 20];
            content.AsSpan().Fill(1);

            var refused = await Assert.ThrowsAsync<HostupException>(() => RoundTripTests.WriteAsync(
                new ListedTree([(new TreeEntry { Path = TreePath.Parse("big"), Kind = TreeEntryKind.File }, content)]), directory));

            Assert.Equal(HostupErrors.SlotWrite, refused.Code);
            Assert.Contains("No space left", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            Run.Checked("/usr/bin/umount", directory);
        }
    }

    [Fact]
    public async Task An_empty_lost_and_found_of_the_file_system_does_not_count()
    {
        Run.NeedsRoot();
        var directory = _scratch.Sub("tree");
        await RoundTripTests.WriteAsync(new ListedTree(RoundTripTests.Everything(attributes: false)), directory);
        var before = await TreeDigestOfDirectory.ComputeAsync(directory, null, default);

        Directory.CreateDirectory(directory + "/lost+found");
        var with = await TreeDigestOfDirectory.ComputeAsync(directory, null, default);
        await File.WriteAllTextAsync(directory + "/lost+found/#12", "");
        var filled = await TreeDigestOfDirectory.ComputeAsync(directory, null, default);

        Assert.Equal(before, with);
        Assert.NotEqual(before, filled);
    }

    [Fact]
    public async Task What_is_mounted_below_is_not_walked()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/bin/mount");
        var directory = _scratch.Sub("tree");
        var mounted = Directory.CreateDirectory(directory + "/proc").FullName;
        Run.Checked("/usr/bin/mount", "-t", "tmpfs", "none", mounted);
        try
        {
            await File.WriteAllTextAsync(mounted + "/inside", "");
            await using var reader = new DirectoryTreeReader(directory);

            var tree = await RootTree.ReadAsync(reader, new HashSet<TreePath>(), default);

            Assert.Equal(["/", "/proc"], tree.Entries.Select(e => e.Entry.Path.ToString()));
        }
        finally
        {
            Run.Checked("/usr/bin/umount", mounted);
        }
    }

    private static TreeEntry Link(string path, string target) =>
        new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.SymbolicLink, SymbolicTarget = System.Text.Encoding.UTF8.GetBytes(target) };
}
