using Hostup.Core.Releases;
using Hostup.Linux.Processes;
using Hostup.Linux.Slots;
using Hostup.Linux.Tests.RootTrees;

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

    [Fact]
    public async Task A_device_without_mke2fs_says_so()
    {
        using var none = new TemporaryDirectory();

        Assert.Contains("not installed", await Ext4.FaultAsync(new CommandRunner(none.Of("")), Format, default), StringComparison.Ordinal);
    }
}
