using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Tests.RootTrees;

public sealed class RootTreeTests
{
    [Fact]
    public async Task Later_entries_replace_earlier_ones()
    {
        Assert.Equal(["/", "/a"], await ListAsync(Dir("a"), File("a/b"), File("a")));
        Assert.Equal(["/", "/a", "/a/b"], await ListAsync(Dir("a"), File("a/b"), Dir("a", mode: 0)));
        Assert.Equal(["/", "/a"], await ListAsync(File("a"), Dir("a")));
        var tree = await ReadAsync(Dir("a", mode: 0x1FF), Dir("a", mode: 0x1C0));
        Assert.Equal(0x1C0, tree.Find(TreePath.Parse("a"))!.Entry.Mode);
    }

    [Fact]
    public async Task Whiteouts_hide_what_lies_below_them()
    {
        Assert.Equal(["/", "/b"], await ListAsync(Dir("a"), File("a/x"), File("b"), Of("a", TreeEntryKind.Whiteout)));
        Assert.Equal(["/", "/a", "/a/new"], await ListAsync(Dir("a"), File("a/x"), Of("a", TreeEntryKind.OpaqueDirectory), File("a/new")));
        Assert.Equal(["/", "/b"], await ListAsync(File("b"), Of("nowhere/at/all", TreeEntryKind.Whiteout), Of("nowhere", TreeEntryKind.OpaqueDirectory)));
        Assert.Equal(["/"], await ListAsync(File("b"), Dir("c"), Of("", TreeEntryKind.OpaqueDirectory)));
    }

    [Fact]
    public async Task Missing_parents_are_made_with_time_0()
    {
        var tree = await ReadAsync(File("a/b/c"));

        var made = tree.Find(TreePath.Parse("a/b"))!.Entry;
        Assert.Equal((TreeEntryKind.Directory, 0x1ED, 0u, 0L), (made.Kind, made.Mode, made.UserId, made.ModifiedSeconds));
    }

    [Fact]
    public async Task The_first_name_in_canonical_order_is_the_file()
    {
        var tree = await ReadAsync(File("m", "content"), Link("a", "m"), Link("z", "a"));

        Assert.Equal(["File /a", "HardLink /m /a", "HardLink /z /a"], tree.Entries.Skip(1).Select(e => $"{e.Entry.Kind} {e.Entry.Path}{(e.Entry.Kind == TreeEntryKind.HardLink ? " " + e.Entry.LinkTarget : "")}"));
        Assert.Equal(Digest.Of("content"u8), tree.Find(TreePath.Parse("z"))!.Content);
        Assert.Equal((7L, 4L), (tree.Sums.ContentBytes, tree.Sums.Entries));
    }

    [Fact]
    public async Task A_name_that_is_replaced_leaves_the_others_alone()
    {
        var tree = await ReadAsync(File("a", "old"), Link("b", "a"), File("a", "new"));

        Assert.Equal(Digest.Of("old"u8), tree.Find(TreePath.Parse("b"))!.Content);
        Assert.All(tree.Entries, e => Assert.NotEqual(TreeEntryKind.HardLink, e.Entry.Kind));
    }

    [Fact]
    public async Task The_digest_depends_on_the_tree_and_not_on_the_way_to_it()
    {
        var straight = await ReadAsync(Dir("a"), File("a/x", "1"), File("b", "2"), Link("c", "b"));
        var roundabout = await ReadAsync(File("c", "2"), Link("b", "c"), File("a"), File("gone"), Dir("a"), File("a/x", "0"), File("a/x", "1"), Of("gone", TreeEntryKind.Whiteout), Dir("lost+found"));

        Assert.Equal(straight.Digest, roundabout.Digest);
        Assert.Equal(straight.Sums, roundabout.Sums);
    }

    [Fact]
    public async Task Links_are_followed_inside_the_tree()
    {
        var tree = await ReadAsync(Dir("usr"), Dir("usr/lib"), File("usr/lib/os-release", "x"), Dir("etc"), Symbolic("etc/os-release", "../usr/lib/os-release"),
            Symbolic("lib", "/usr/lib"), Symbolic("circle", "circle"), Symbolic("up", "../../../../lib/os-release"), Symbolic("nowhere", "x/y"));

        foreach (var path in new[] { "etc/os-release", "lib/os-release", "up" })
            Assert.Equal("/usr/lib/os-release", tree.Follow(TreePath.Parse(path)).ToString());
        Assert.Null(tree.Follow(TreePath.Parse("circle")));
        Assert.Null(tree.Follow(TreePath.Parse("nowhere")));
    }

    [Fact]
    public async Task Content_is_kept_where_asked_for()
    {
        var path = TreePath.Parse("etc/os-release");
        var tree = await RootTree.ReadAsync(new ListedTree([File("etc/os-release", "ID=x"), File("other", "y")]), new HashSet<TreePath> { path }, default);

        Assert.Equal("ID=x", Encoding.UTF8.GetString(tree.ContentOf(path)!.Value.Span));
        Assert.Null(tree.ContentOf(TreePath.Parse("other")));
    }

    [Fact]
    public async Task Boot_files_are_listed_with_their_digests()
    {
        var tree = await ReadAsync(File("resin-boot/b", "2"), File("resin-boot/a/x", "1"), File("resin-boots"));

        Assert.Equal(["/resin-boot/a", "/resin-boot/a/x", "/resin-boot/b"], tree.EntriesBelow(TreePath.Parse("resin-boot")).Select(e => e.Entry.Path.ToString()));
        Assert.Equal(Digest.Of("1"u8), tree.EntriesBelow(TreePath.Parse("resin-boot")).ElementAt(1).Content);
    }

    [Fact]
    public async Task Trees_that_cannot_be_are_refused()
    {
        (TreeEntry, ReadOnlyMemory<byte>)[][] bad =
        [
            [Link("a", "nowhere")],
            [Dir("d"), Link("a", "d")],
            [File("f"), File("f/below")],
            [Symbolic("s", "/"), File("s/through")],
            [File("d/f"), Link("d", "d/f")],
        ];

        foreach (var layers in bad)
            Assert.Equal(HostupErrors.BadImage, (await Assert.ThrowsAsync<HostupException>(() => ReadAsync(layers))).Code);
    }

    [Fact]
    public async Task More_than_two_million_entries_are_refused()
    {
        // Two thousand parents are made for each of these; no list of entries is needed to make millions of names.
        var deep = string.Concat(Enumerable.Repeat("a/", 2000));
        var many = Enumerable.Range(0, 2000).Select(i => File($"{i}/{deep}"));

        var refused = await Assert.ThrowsAsync<HostupException>(() => ReadAsync([.. many]));

        Assert.Equal(HostupErrors.BadImage, refused.Code);
        Assert.Contains("2000000", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_estimate_of_space_covers_blocks_inodes_and_journal()
    {
        var tree = await ReadAsync([.. Enumerable.Range(0, 1000).Select(i => File($"f{i}", "x"))]);

        Assert.InRange(tree.Sums.SpaceBytes, 1000 * (4096 + 256) + (1024 * 4096), 12 << 20);
    }

    private static async Task<string[]> ListAsync(params (TreeEntry, ReadOnlyMemory<byte>)[] layers) =>
        [.. (await ReadAsync(layers)).Entries.Select(e => e.Entry.Path.ToString())];

    private static Task<RootTree> ReadAsync(params (TreeEntry, ReadOnlyMemory<byte>)[] layers) =>
        RootTree.ReadAsync(new ListedTree(layers), new HashSet<TreePath>(), default);

    private static (TreeEntry, ReadOnlyMemory<byte>) Of(string path, TreeEntryKind kind) => (new TreeEntry { Path = TreePath.Parse(path), Kind = kind }, default);

    private static (TreeEntry, ReadOnlyMemory<byte>) Dir(string path, int mode = 0x1ED) => (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.Directory, Mode = mode }, default);

    private static (TreeEntry, ReadOnlyMemory<byte>) File(string path, string content = "") => (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.File }, Encoding.UTF8.GetBytes(content));

    private static (TreeEntry, ReadOnlyMemory<byte>) Link(string path, string target) => (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.HardLink, LinkTarget = TreePath.Parse(target) }, default);

    private static (TreeEntry, ReadOnlyMemory<byte>) Symbolic(string path, string target) => (new TreeEntry { Path = TreePath.Parse(path), Kind = TreeEntryKind.SymbolicLink, SymbolicTarget = Encoding.UTF8.GetBytes(target) }, default);
}
