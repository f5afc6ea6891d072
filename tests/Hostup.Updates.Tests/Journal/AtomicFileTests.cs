using Hostup.Lab.Sim;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Journal;

/// <summary>Files of the state partition that are replaced or removed in one act.</summary>
public sealed class AtomicFileTests
{
    private static readonly SimRelease Release = SimRelease.Make("2.100.0", SimBehaviour.Good);

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task What_was_removed_stays_removed_after_a_power_cut(Unflushed unflushed)
    {
        var device = new SimDevice(Release, Release, unflushed, []);
        device.Files.CreateDirectory(Places.Hostup);
        AtomicFile.Write(device.Files, Places.KnownBad, "sha256:0"u8);
        Assert.True(device.Files.Exists(Places.KnownBad));

        AtomicFile.Delete(device.Files, Places.KnownBad);
        await device.CutAtRestAsync();

        Assert.False(device.Files.Exists(Places.KnownBad));
    }
}
