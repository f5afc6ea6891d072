using System.Globalization;
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
    private const string Free = "systemctl stop balena-supervisor; docker rm --force balena_supervisor >/dev/null 2>&1; umount /mnt/boot && { dmsetup remove --retry " + Name + " 2>/dev/null; true; }";
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
    public Task MountAsync(CancellationToken ct) => scene.ShellAsync($"modprobe dm-mod && {Find}; echo 0 $n linear $d 0 > /run/boot-table; {Free} && {Mount}", ct);

    /// <summary>Mounts it afresh; from then on writes to a part of it fail, and only these: a flush of the whole medium succeeds.</summary>
    /// <param name="fromByte">First byte.</param>
    /// <param name="bytes">How many; null: to the end.</param>
    /// <param name="ct">Ends it.</param>
    public async Task MountFailingAsync(long fromByte, long? bytes, CancellationToken ct)
    {
        string from = (fromByte / WriteLog.SectorBytes).ToString(CultureInfo.InvariantCulture);
        string count = bytes is { } some ? (some / WriteLog.SectorBytes).ToString(CultureInfo.InvariantCulture) : $"$((n - {from}))";
        string rest = bytes is null ? "" : $"; echo $(({from} + {count})) $((n - {from} - {count})) linear $d $(({from} + {count}))";
        await MountAsync(ct);
        // The error target fails reads too: what is there is read before it comes, and stays in memory. dm-flakey would fail every flush beside the writes.
        await scene.ShellAsync($"{Find}; cat $(find /mnt/boot -type f) /dev/mapper/{Name} > /dev/null; {{ echo 0 {from} linear $d 0; echo {from} {count} error{rest}; }} > /run/boot-table; "
            + $"dmsetup suspend --nolockfs {Name} && dmsetup load {Name} < /run/boot-table && dmsetup resume {Name}", ct);
    }

    /// <summary>Mounts it afresh; the medium takes no write at all and says so.</summary>
    public async Task MountReadOnlyAsync(CancellationToken ct)
    {
        await MountAsync(ct);
        await scene.ShellAsync($"blockdev --setro /dev/mapper/{Name}", ct);
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
}
