using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab;
using Hostup.Lab.Boot;
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

        // The entry of the loader's configuration cannot be written while the staged one's can: both names show one file.
        await disk.RequireRepairAsync("the directory of the loader's configuration", before, volume.OffsetOf(volume.ClusterOfDirectory("EFI/BOOT")), volume.ClusterBytes, Ct);
    }

    /// <summary>What holds every name and every chain: nothing that the step did can be on the medium, whatever memory shows.</summary>
    [Theory, InlineData(false), InlineData(true)]
    public async Task A_boot_partition_whose_root_directory_or_tables_take_no_write_is_as_before_when_the_power_went(bool tables)
    {
        var lab = LabDevice.Lab();
        var (image, _) = await PlantedReleases.BootFilesAsync(lab, Ct);
        await using var scene = await RefusalScene.SetAsync(lab, image, Ct);
        var disk = new FailingBootDisk(scene);
        var volume = await disk.HeadAsync(Ct);
        string before = await disk.ContentAsync(Ct);

        var (at, bytes) = tables ? volume.Tables : volume.RootDirectory;

        await disk.RequireRepairAsync(tables ? "the tables" : "the root directory", before, at, bytes, Ct);
    }

    /// <summary>Bytes enough, so that no check sees it: the kernel says in the step that there is no room.</summary>
    [Fact]
    public async Task A_root_directory_without_a_free_entry_ends_the_step_and_leaves_all_as_before()
    {
        var lab = LabDevice.Lab();
        var (image, _) = await PlantedReleases.BootFilesAsync(lab, Ct);
        await using var scene = await RefusalScene.SetAsync(lab, image, Ct);
        var disk = new FailingBootDisk(scene);
        string before = await disk.ContentAsync(Ct);

        // The folder of staged files needs two entries, one for its long name.
        for (int free = 0; free < 2; free++)
        {
            await disk.FillRootDirectoryAsync(free, Ct);
            var update = await scene.UpdateAsync(Ct);
            await disk.EmptyRootDirectoryAsync(Ct);

            Assert.True(update.ExitCode == 1 && update.Error.Contains("[boot-space]", StringComparison.Ordinal) && update.Error.Contains("root directory is full", StringComparison.Ordinal), $"{free} entries free: {update.ExitCode} {update.Error}");
            Assert.True(before == await disk.ContentAsync(Ct), $"{free} entries free: the boot partition is not as before");
        }
    }

    private static async Task RequireFailureAsync(RefusalScene scene, FailingBootDisk disk, string before, string when, string said)
    {
        var update = await scene.UpdateAsync(Ct);

        Assert.True(update.ExitCode == 1 && update.Error.Contains("[boot-files]", StringComparison.Ordinal) && update.Error.Contains(said, StringComparison.Ordinal), $"{when}: {update.ExitCode} {update.Error}");
        Assert.True(before == await disk.ContentAsync(Ct), $"{when}: the boot partition is not as before");
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
