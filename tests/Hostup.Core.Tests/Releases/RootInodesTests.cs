using Hostup.Core.Releases;

namespace Hostup.Core.Tests.Releases;

/// <summary>Every name of a tree gets an inode, and what the inodes take is counted.</summary>
public sealed class RootInodesTests
{
    private const long MiB = 1 << 20;

    [Theory]
    [InlineData(300, 1000, 76_800)]      // as mke2fs has it below 512 MiB
    [InlineData(300, 90_000, 98_304)]    // no more than three groups can have
    [InlineData(300, 70_000, 87_516)]    // a quarter more than there are names
    [InlineData(700, 11_000, 44_800)]    // as mke2fs has it from 512 MiB on
    [InlineData(700, 60_000, 75_016)]
    [InlineData(128, long.MaxValue, 32_768)]
    public void There_are_as_many_as_mke2fs_gives_and_enough_for_every_name(long slotMiB, long entries, long inodes) =>
        Assert.Equal(inodes, Root(entries, 0).InodesOn(slotMiB * MiB));

    [Fact]
    public void Those_that_no_name_uses_are_counted_beside_the_trees_space()
    {
        Assert.Equal((200 * MiB) + ((76_800 - 1000) * 256), Root(1000, 200 * MiB).SpaceOn(300 * MiB));
        Assert.Equal(long.MaxValue, Root(1000, long.MaxValue).SpaceOn(300 * MiB));
        Assert.Null(Root(98_304, MiB).SpaceOn(300 * MiB));
        Assert.Null(Root(long.MaxValue, MiB).SpaceOn(300 * MiB));
    }

    private static RootFileSystem Root(long entries, long space) => new() { ContentBytes = 0, SpaceBytes = space, Entries = entries };
}
