using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Checks;

/// <summary>The space that check-device asks for on the boot partition is what the copy needs: everything staged beside the old files.</summary>
public sealed class BootSpaceTests
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task An_update_commits_on_a_boot_partition_with_just_the_space_that_is_asked_for(bool exchange)
    {
        var device = Filled(spare: 0, exchange);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task One_cluster_less_is_refused_before_anything_is_staged(bool exchange)
    {
        var device = Filled(spare: -4096, exchange);

        await device.RunAsync();

        Assert.Equal((AttemptStates.Refused, "boot-space"), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.DoesNotContain(Places.Boot, device.Files.OpenedForWriting);
    }

    [Fact]
    public async Task What_an_interrupted_update_left_staged_counts_as_free()
    {
        var device = Filled(spare: -8192, exchange: true);
        device.Boot.Delete(Places.Boot + "/filler");
        device.Boot.Provision(Places.Boot + "/hostup-new/0", new byte[device.Boot.FreeBytes - Needed(device) + 8192]);

        var checks = await device.Target.CheckAsync(device);

        Assert.True(checks.Single(c => c.Name == "boot-space").Passed);
    }

    /// <summary>Each repair after a power cut leaves more of them, and nobody looks at a device in the field.</summary>
    [Fact]
    public async Task A_partition_that_repairs_filled_is_updated_and_what_they_left_is_removed_and_named()
    {
        var device = Filled(spare: 0, exchange: true);
        device.Boot.Delete(Places.Boot + "/filler");
        device.Boot.Provision(Places.Boot + "/FSCK0000.REC", new byte[device.Boot.FreeBytes - 4096]);
        device.Boot.Provision(Places.Boot + "/FSCK0001.REC", new byte[4096]);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), p => p.EndsWith(".REC", StringComparison.Ordinal));
        Assert.Contains(device.Ports.Notes, n => n.EndsWith("FSCK0000.REC, FSCK0001.REC", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_repairs_left_is_not_removed_for_an_update_that_finds_no_room_all_the_same()
    {
        var device = Filled(spare: -8192, exchange: true);
        device.Boot.Provision(Places.Boot + "/FSCK0000.REC", new byte[4096]);

        await device.RunAsync();

        Assert.Equal((AttemptStates.Refused, "boot-space"), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.True(device.Files.Exists(Places.Boot + "/FSCK0000.REC"));
    }

    private static SimDevice Filled(long spare, bool exchange)
    {
        var device = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good)) { CanExchange = exchange };
        device.Boot.Provision(Places.Boot + "/filler", new byte[device.Boot.FreeBytes - Needed(device) - spare]);
        return device;
    }

    /// <summary>Not asked of what is tested: whole clusters of every file that differs, one for the fingerprint file, and the reserve.</summary>
    private static long Needed(SimDevice device)
    {
        var keptBack = KeptBack.Of(device.Target.Release);
        var changed = device.Target.Release.BootFiles.Where(f => !keptBack.Contains(f.Path) && (device.Boot.Read($"{Places.Boot}/{f.Path}") is not { } there || Digest.Of(there) != f.Digest)).ToList();
        Assert.True(changed.Count > 1);
        return changed.Sum(f => (f.Size + 4095) / 4096 * 4096) + 4096 + (512 << 10);
    }
}
