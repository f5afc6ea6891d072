using System.Globalization;
using Hostup.Core.Wire;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.WriteLogs;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The boot partition of a guest behind device mapper, which lets writes to a part of it fail. A reset takes the mapper away.</summary>
/// <param name="scene">The device, its agent stopped.</param>
internal sealed class FailingBootDisk(RefusalScene scene)
{
    private const string Name = "hostup-boot";
    private const string Find = "d=$(readlink -f /dev/disk/by-partlabel/resin-boot); n=$(blockdev --getsz $d)";
    // Who holds the partition lets go of it: the supervisor's container has a mount of its own.
    private const string Free = "systemctl stop balena-supervisor; docker rm --force balena_supervisor >/dev/null 2>&1; umount /mnt/boot && { dmsetup remove --retry " + Name + " 2>/dev/null; losetup --detach-all; true; }";
    private const string Mount = "dmsetup create " + Name + " < /run/boot-table && sync && echo 3 > /proc/sys/vm/drop_caches && mount -t vfat -o ro,iocharset=ascii,umask=0077 /dev/mapper/" + Name + " /mnt/boot";

    /// <summary>The file system as it is now: its tables, directories and first files.</summary>
    public async Task<FatVolume> HeadAsync(CancellationToken ct)
    {
        await scene.ShellAsync($"{Find}; dd if=$d of=/run/boot-head bs=1M count=2 status=none", ct);
        using var head = new MemoryStream();
        await scene.Device.Guest.GetFileAsync("/run/boot-head", head, ct);
        return new FatVolume(head.ToArray());
    }

    /// <summary>Mounts it afresh; every write succeeds.</summary>
    public Task MountAsync(CancellationToken ct) => MountAsync("echo 0 $n linear $d 0", ct);

    /// <summary>Mounts it afresh; writes to a part of it fail, and only these: reads of it succeed, and a flush of the whole medium.</summary>
    /// <param name="fromByte">First byte.</param>
    /// <param name="bytes">How many; null: to the end.</param>
    /// <param name="ct">Ends it.</param>
    public Task MountFailingAsync(long fromByte, long? bytes, CancellationToken ct)
    {
        string from = (fromByte / WriteLog.SectorBytes).ToString(CultureInfo.InvariantCulture);
        string count = bytes is { } some ? (some / WriteLog.SectorBytes).ToString(CultureInfo.InvariantCulture) : $"$((n - {from}))";
        string rest = bytes is null ? "" : $"; echo $(({from} + {count})) $((n - {from} - {count})) linear $d $(({from} + {count}))";
        // A read-only loop device answers a write with EIO (drivers/block/loop.c). dm-flakey would fail every flush beside it, the error target every read.
        string loop = $"l=$(losetup --find --show --read-only --offset $(({from} * {WriteLog.SectorBytes})) --sizelimit $(({count} * {WriteLog.SectorBytes})) $d)";
        return MountAsync($"{loop}; echo 0 {from} linear $d 0; echo {from} {count} linear $l 0{rest}", ct);
    }

    /// <summary>Mounts it afresh; the medium takes no write at all and says so.</summary>
    public async Task MountReadOnlyAsync(CancellationToken ct)
    {
        await MountAsync(ct);
        await scene.ShellAsync($"blockdev --setro /dev/mapper/{Name}", ct);
    }

    /// <summary>Fills the root directory with empty files of short names, one entry each.</summary>
    /// <param name="free">Entries that stay free, at its end.</param>
    /// <param name="ct">Ends it.</param>
    public Task FillRootDirectoryAsync(int free, CancellationToken ct) => scene.ShellAsync(
        $"mount -o remount,rw /mnt/boot && i=0; while touch /mnt/boot/F$i.X 2>/dev/null; do i=$((i+1)); done; test $i -gt 100 || exit 1; for k in $(seq 1 {free}); do rm /mnt/boot/F$((i-k)).X; done; sync && mount -o remount,ro /mnt/boot", ct);

    /// <summary>Takes them away again.</summary>
    public Task EmptyRootDirectoryAsync(CancellationToken ct) => scene.ShellAsync("mount -o remount,rw /mnt/boot && rm -f /mnt/boot/F[0-9]*.X && sync && mount -o remount,ro /mnt/boot", ct);

    /// <summary>An update on a part of it that takes no write fails; then the power goes, and the old OS boots with everything as before.</summary>
    /// <param name="part">The part, for people.</param>
    /// <param name="before">What was on the partition.</param>
    /// <param name="fromByte">Where the part begins.</param>
    /// <param name="bytes">How long it is.</param>
    /// <param name="ct">Ends it.</param>
    public async Task RequireRepairAsync(string part, string before, long fromByte, long bytes, CancellationToken ct)
    {
        string boot = await scene.Device.BootIdAsync(ct);
        await MountFailingAsync(fromByte, bytes, ct);

        var update = await scene.UpdateAsync(ct);
        Assert.True(update.ExitCode is 1 or 5, $"{part} cannot be written: {update.ExitCode} {update.Error}");
        await scene.Device.ResetAsync(ct);
        await scene.Device.WaitForRebootAsync(boot, ct);

        Assert.Equal(AttemptStates.Failed, await DeviceOutcome.WaitAsync(scene.Device, ct));
        await ProvisionedDevice.WaitForContainersAsync(scene.Device, ct);
        Assert.Equal("resin-rootA", (await GuestFacts.ReadAsync(scene.Device, ct)).Slot);
        Assert.Equal(before, await ContentOfAsync(scene, ct));
        await GuestBootPartition.RequireSoundAsync(scene.Device, ct);
    }

    /// <summary>Names, sizes and contents of everything on it, as read from the medium.</summary>
    public async Task<string> ContentAsync(CancellationToken ct)
    {
        await MountAsync(ct);
        return await ContentOfAsync(scene, ct);
    }

    /// <summary>Names, sizes and contents of everything on the mounted boot partition.</summary>
    public static Task<string> ContentOfAsync(RefusalScene scene, CancellationToken ct) =>
        scene.ShellAsync("cd /mnt/boot && find . -type d -print -o -type f -exec sha256sum {} + -exec stat -c '%n %s' {} + | sort", ct);

    private Task MountAsync(string table, CancellationToken ct) =>
        scene.ShellAsync($"modprobe --all dm-mod loop && {Find}; {Free} && {{ {table}; }} > /run/boot-table && {Mount}", ct);
}
