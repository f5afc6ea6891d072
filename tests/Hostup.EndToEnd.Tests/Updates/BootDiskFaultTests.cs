using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab;
using Hostup.Lab.Boot;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The boot partition of a virtual device fails: a write at each file, the whole medium, its space, and the directory in which names are exchanged.</summary>
[Trait("Needs", "vm")]
public sealed class BootDiskFaultTests
{
    private const string Staged = "/mnt/boot/hostup-new/";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_boot_partition_that_fails_at_any_file_is_afterwards_as_before_and_the_old_os_boots()
    {
        var lab = LabDevice.Lab();
        var (image, tree) = await PlantedReleases.BootFilesAsync(lab, Ct);
        await using var scene = await RefusalScene.SetAsync(lab, image, Ct);
        var disk = new FailingBootDisk(scene);
        var volume = await disk.HeadAsync(Ct);
        string before = await disk.ContentAsync(Ct);

        // A file system that was just mounted gives out free clusters in their order; the first is that of the folder of staged files.
        var (free, at) = (volume.FreeClusters, 1);
        foreach (var ((path, length), index) in (await StagedAsync(lab, tree)).Select((f, i) => (f, i)))
        {
            int clusters = (int)((length + volume.ClusterBytes - 1) / volume.ClusterBytes);
            await disk.MountFailingAsync(volume.OffsetOf(free[at + (clusters / 2)]), null, Ct);
            at += clusters;
            await RequireFailureAsync(scene, disk, before, $"a write error in {path}", $"{Staged}{index}");
        }
        await disk.MountReadOnlyAsync(Ct);
        await RequireFailureAsync(scene, disk, before, "a read-only medium", "cannot open /mnt/boot for writing");

        await disk.MountAsync(Ct);
        await scene.ShellAsync("mount -o remount,rw /mnt/boot && dd if=/dev/zero of=/mnt/boot/filler bs=64k count=$(( ($(df --output=avail -k /mnt/boot | tail -n 1) - 300) / 64 )) status=none && sync && mount -o remount,ro /mnt/boot", Ct);
        var full = await scene.UpdateAsync(Ct);
        Assert.True(full.ExitCode == 3 && full.Error.Contains("[boot-space]", StringComparison.Ordinal), $"a full partition: {full.ExitCode} {full.Error}");
        await scene.ShellAsync("mount -o remount,rw /mnt/boot && rm /mnt/boot/filler && sync && mount -o remount,ro /mnt/boot", Ct);
        Assert.Equal(before, await disk.ContentAsync(Ct));

        await RequireRepairAsync(scene, disk, before, volume.OffsetOf(volume.ClusterOfDirectory("EFI/BOOT")), volume.ClusterBytes);
    }

    private static async Task RequireFailureAsync(RefusalScene scene, FailingBootDisk disk, string before, string when, string said)
    {
        var update = await scene.UpdateAsync(Ct);

        Assert.True(update.ExitCode == 1 && update.Error.Contains("[boot-files]", StringComparison.Ordinal) && update.Error.Contains(said, StringComparison.Ordinal), $"{when}: {update.ExitCode} {update.Error}");
        Assert.True(before == await disk.ContentAsync(Ct), $"{when}: the boot partition is not as before");
    }

    /// <summary>The entry of the loader's configuration cannot be written while the staged one's can: both names show one file. Then the power goes.</summary>
    private static async Task RequireRepairAsync(RefusalScene scene, FailingBootDisk disk, string before, long directory, int bytes)
    {
        string boot = await scene.Device.BootIdAsync(Ct);
        await disk.MountFailingAsync(directory, bytes, Ct);

        var update = await scene.UpdateAsync(Ct);
        Assert.True(update.ExitCode is 1 or 5, $"a directory that cannot be written: {update.ExitCode} {update.Error}");
        await scene.Device.ResetAsync(Ct);
        await scene.Device.WaitForRebootAsync(boot, Ct);

        Assert.Equal(AttemptStates.Failed, await DeviceOutcome.WaitAsync(scene.Device, Ct));
        await ProvisionedDevice.WaitForContainersAsync(scene.Device, Ct);
        Assert.Equal("resin-rootA", (await GuestFacts.ReadAsync(scene.Device, Ct)).Slot);
        Assert.Equal(before, await FailingBootDisk.ContentOfAsync(scene, Ct));
        await GuestBootPartition.RequireSoundAsync(scene.Device, Ct);
    }

    /// <summary>What the step stages, in its order, with lengths.</summary>
    private static async Task<IReadOnlyList<(string Path, long Length)>> StagedAsync(LabEnvironment lab, HostOsTree tree)
    {
        var old = BootSets.OfTree((await Stage.TreeAsync(lab, HostOsRelease.Old, Ct)).Root);
        var changed = BootSets.OfTree(tree.Root).Where(f => !PlantedReleases.KeptBackFiles.Contains(f.Key) && (!old.TryGetValue(f.Key, out var digest) || digest != f.Value)).Select(f => f.Key);
        string[] staged = [.. changed.OrderBy(p => p.EndsWith("grub.cfg", StringComparison.Ordinal)).ThenBy(old.ContainsKey).ThenBy(p => p, StringComparer.Ordinal)];
        Assert.True(staged.Length >= 4, string.Join(", ", staged));
        return [.. staged.Select(p => (p, new FileInfo(Path.Combine(tree.Root, "resin-boot", p)).Length))];
    }
}
