using System.Security.Cryptography;
using Hostup.Core.RootTrees;

namespace Hostup.Core.Tests.RootTrees;

public sealed class TreeDigestTests
{
    private static readonly TreeEntry Root = new() { Path = TreePath.Root, Kind = TreeEntryKind.Directory, Mode = 0x1ED };

    /// <summary>Worked out from docs/tree-digest.md by hand, without the code.</summary>
    [Fact]
    public void The_encoding_is_the_documented_one()
    {
        byte[] listing =
        [
            .. "hostup-tree-digest"u8, 0, 1,
            0, 0, 0, 0, 1, 0, 0, 1, 0xED, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
            0, 0, 0, 1, (byte)'f', 2, 0, 0, 1, 0xA4, 0, 0, 0, 5, 0, 0, 0, 6, 255, 255, 255, 255, 255, 255, 255, 255,
            0, 0, 0, 0, 0, 0, 0, 3, .. SHA256.HashData("abc"u8),
            0, 0, 0, 2, 0, 0, 0, 1, (byte)'a', 0, 0, 0, 0, 0, 0, 0, 1, (byte)'b', 0, 0, 0, 1, 9,
            0, 0, 0, 1, (byte)'g', 4, 0, 0, 0, 1, (byte)'f',
            0, 0, 0, 1, (byte)'l', 3, 0, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, (byte)'f', 0, 0, 0, 0,
            0, 0, 0, 1, (byte)'n', 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0,
            0, 0, 0, 0, 0, 0, 0, 5,
        ];
        using var digest = new TreeDigest();

        digest.Add(Root with { ModifiedSeconds = 77 }, []);
        digest.Add(Entry("f", TreeEntryKind.File) with { Mode = 0x1A4, UserId = 5, GroupId = 6, ModifiedSeconds = -1, Size = 3, ExtendedAttributes = [new("b", new byte[] { 9 }), new("a", default)] }, SHA256.HashData("abc"u8));
        digest.Add(Entry("g", TreeEntryKind.HardLink) with { LinkTarget = TreePath.Parse("f"), Mode = 1, UserId = 1 }, []);
        digest.Add(Entry("l", TreeEntryKind.SymbolicLink) with { SymbolicTarget = "f"u8.ToArray() }, []);
        digest.Add(Entry("n", TreeEntryKind.BlockDevice) with { DeviceMajor = 8, DeviceMinor = 1 }, []);

        Assert.Equal(Digest.Of(listing), digest.Finish());
    }

    [Fact]
    public void Tree_digest_vectors()
    {
        Assert.Equal("sha256:2e1589b42942e12c94bfc0e37397b3daba4b44fbe00f9e29e26b4b995f0071cd", Of().ToString());
    }

    [Fact]
    public void A_missing_root_counts_as_the_usual_one()
    {
        Assert.Equal(Of(Root), Of());
        Assert.Equal(Of(Root, Entry("d", TreeEntryKind.Directory)), Of(Entry("d", TreeEntryKind.Directory)));
    }

    [Fact]
    public void An_empty_lost_and_found_is_left_out_and_a_full_one_is_not()
    {
        var lost = Entry("lost+found", TreeEntryKind.Directory);
        var after = Entry("z", TreeEntryKind.Directory);

        Assert.Equal(Of(Root, after), Of(Root, lost, after));
        Assert.Equal(Of(Root), Of(Root, lost));
        Assert.NotEqual(Of(Root, after), Of(Root, lost, Entry("lost+found/x", TreeEntryKind.Fifo), after));
        Assert.NotEqual(Of(Root, Entry("a", TreeEntryKind.Directory)), Of(Root, Entry("a", TreeEntryKind.Directory), Entry("a/lost+found", TreeEntryKind.Directory)));
    }

    [Fact]
    public void Everything_that_a_system_can_see_changes_the_digest()
    {
        var node = Entry("n", TreeEntryKind.CharacterDevice);
        TreeEntry[] variants =
        [
            node, node with { Path = TreePath.Parse("m") }, node with { Kind = TreeEntryKind.BlockDevice }, node with { Mode = 1 }, node with { UserId = 1 },
            node with { GroupId = 1 }, node with { ModifiedSeconds = 1 }, node with { DeviceMajor = 1 }, node with { DeviceMinor = 1 },
            node with { ExtendedAttributes = [new("a", default)] }, node with { ExtendedAttributes = [new("a", new byte[1])] }, node with { ExtendedAttributes = [new("b", default)] },
        ];

        Assert.Equal(variants.Length, variants.Select(v => Of(v)).Distinct().Count());
    }

    [Fact]
    public void Entries_out_of_order_are_a_bug()
    {
        using var digest = new TreeDigest();
        digest.Add(Entry("b", TreeEntryKind.Directory), []);

        Assert.Throws<InvalidOperationException>(() => digest.Add(Entry("a", TreeEntryKind.Directory), []));
        Assert.Throws<InvalidOperationException>(() => digest.Add(Entry("b", TreeEntryKind.Directory), []));
    }

    private static TreeEntry Entry(string path, TreeEntryKind kind) => new() { Path = TreePath.Parse(path), Kind = kind };

    private static Digest Of(params TreeEntry[] entries)
    {
        using var digest = new TreeDigest();
        foreach (var entry in entries)
            digest.Add(entry, []);
        return digest.Finish();
    }
}
