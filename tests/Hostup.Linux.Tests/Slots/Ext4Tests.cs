using Hostup.Core.Releases;
using Hostup.Linux.Processes;
using Hostup.Linux.Slots;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Tests.Slots;

/// <summary>Whether a file system can be made is known before anything is written.</summary>
public sealed class Ext4Tests
{
    private static readonly RootFileSystem Format = new() { ContentBytes = 0, SpaceBytes = 0, Entries = 0 };

    [Fact]
    public async Task Features_that_mke2fs_knows_are_no_fault_and_others_are_named()
    {
        Run.Needs("/usr/sbin/mke2fs");
        var commands = new CommandRunner();

        Assert.Null(await Ext4.FaultAsync(commands, Format, default));
        Assert.Contains("verity_of_tomorrow", await Ext4.FaultAsync(commands, Format with { Ext4Features = [.. Format.Ext4Features, "verity_of_tomorrow"] }, default), StringComparison.Ordinal);
    }

    /// <summary>mke2fs by itself gives a slot of this size 16,384, in blocks of 1 KiB.</summary>
    [Fact]
    public async Task A_file_system_has_an_inode_for_every_name_of_the_release()
    {
        Run.NeedsRoot();
        Run.Needs("/usr/sbin/mke2fs", "/usr/sbin/losetup");
        using var folder = new TemporaryDirectory();
        string image = folder.Of("slot");
        await using (var file = File.Create(image))
            file.SetLength(64 << 20);
        string loop = Run.Checked("/usr/sbin/losetup", "--find", "--show", image).Trim();
        try
        {
            await Ext4.MakeAsync(new CommandRunner(), new Slot("resin-rootB", 3, loop, 64 << 20), Format with { Entries = 20_000 }, Guid.NewGuid(), default);
        }
        finally
        {
            Run.Checked("/usr/sbin/losetup", "--detach", loop);
        }

        // s_inodes_count and s_log_block_size of the superblock at byte 1024
        byte[] superblock = new byte[28];
        await using var made = File.OpenRead(image);
        made.Position = 1024;
        await made.ReadExactlyAsync(superblock);
        Assert.InRange(BitConverter.ToUInt32(superblock, 0), 25_000u, 32_768u);
        Assert.Equal(2, BitConverter.ToInt32(superblock, 24));
    }

    [Fact]
    public async Task A_device_without_mke2fs_says_so()
    {
        using var none = new TemporaryDirectory();

        Assert.Contains("not installed", await Ext4.FaultAsync(new CommandRunner(none.Of("")), Format, default), StringComparison.Ordinal);
    }
}
