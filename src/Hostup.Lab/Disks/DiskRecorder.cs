using Hostup.Core.Errors;
using Hostup.Lab.Devices;
using Hostup.Lab.Programs;
using Hostup.Lab.Scenarios;

namespace Hostup.Lab.Disks;

/// <summary>
/// <c>hostup-lab record-disks</c>: what a real kernel and udev show below /sys, /proc and /run/udev of RAID arrays, mapped and mislabelled partitions. Disks are loop devices of the
/// virtual device; each system is shown to a process whose root is the one that is told. The tests of finding slots read these files.
/// </summary>
public sealed class DiskRecorder(LabEnvironment lab, string folder)
{
    private const string Disks = "/mnt/data/recorder";
    private const long DiskMiB = 2048, TableMiB = 2040; // an array on whole disks is a little smaller than they are

    // Partitions as the lab's own disk has them: two roots of 312 MiB.
    private static readonly string[] Names = ["resin-boot", "resin-rootA", "resin-rootB", "", "resin-state", "resin-data"];

    private static readonly Recording[] Recordings =
    [
        new("guest-disk", "One disk.", Names, "root=/dev/loop0p2"),
        new("guest-two-root-a", "Both roots bear the name of the first.", Named(2, "resin-rootA"), "root=/dev/loop0p2"),
        new("guest-names-exchanged", "The partitions of the roots bear each other's name, the file system of the running one its own.", Named(1, "resin-rootB", 2, "resin-rootA"), "root=/dev/loop0p2"),
        new("guest-data-named-root-b", "The data partition bears the second root's name too.", Named(5, "resin-rootB"), "root=/dev/loop0p2"),
        new("guest-mapped-spare", "A mapping named backup lies on the second root.", Names, "echo 0 $(blockdev --getsz /dev/loop0p3) linear /dev/loop0p3 0 | dmsetup create backup; root=/dev/loop0p2"),
        new("guest-raid1-spare-is-member", "RAID 1 of the second roots of two disks; the root is a partition.", Names, "array md3 /dev/loop0p3 /dev/loop1p3; root=/dev/loop0p2"),
        new("guest-raid1-array-per-slot", "RAID 1, one array for each slot.", Names, "array md2 /dev/loop0p2 /dev/loop1p2; array md3 /dev/loop0p3 /dev/loop1p3; mke2fs -q -L resin-rootB /dev/md3; root=/dev/md2"),
        new("guest-raid1-partitioned-array", "RAID 1 of two whole disks, the partitions on the array.", [],
            $"array md126 /dev/loop0 /dev/loop1; dd if={Disks}/table-guest-disk of=/dev/md126 bs=1M status=none; blockdev --rereadpt /dev/md126; udevadm settle; root=/dev/md126p2"),
    ];

    private const string Functions = """
        set -e
        PATH=/mnt/data/recorder/package/sbin:/usr/sbin:/usr/bin:/sbin:/bin
        array() { name=$1; shift; mdadm --quiet --create /dev/$name --run --assume-clean --level=1 --metadata=1.0 --bitmap=none --raid-devices=$# "$@"; udevadm settle; }
        value() { tr '\n' '|' < $1 | sed 's/|$//'; }
        show() {
          for file in dev size partition uevent md/level dm/name; do [ ! -f $1/$file ] || echo "$1/$file = $(value $1/$file)"; done
          if [ -d $1/holders ]; then
            [ -n "$(ls $1/holders)" ] || echo "$1/holders/"
            for holder in $1/holders/*; do [ ! -L $holder ] || echo "$holder -> $(readlink $holder)"; done
          fi
          number=$(cat $1/dev)
          echo "/sys/dev/block/$number -> $(readlink /sys/dev/block/$number)"
          [ ! -f /run/udev/data/b$number ] || echo "/run/udev/data/b$number = $(value /run/udev/data/b$number)"
        }

        """;

    /// <summary>Writes one file for each system.</summary>
    /// <exception cref="HostupException"><c>lab</c>: a program of the guest fails.</exception>
    public async Task RunAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(folder);
        await using var device = await VirtualDevice.StartFromSavedAsync("record", await Stage.SavedDeviceAsync(lab, ct), VirtualDeviceOptions.In(lab), ct);
        await InstallAsync(device, ct);
        string kernel = (await device.RunAsync(["uname", "-r"], ct)).Trim();
        foreach (var recording in Recordings)
        {
            await PutTableAsync(device, recording, ct);
            string shown = await device.RunAsync(["bash", "-c", Functions + Script(recording)], ct);
            await File.WriteAllTextAsync(Path.Combine(folder, recording.Name + ".txt"), $"# {recording.What} Recorded by `hostup-lab record-disks`, Linux {kernel}.\n{shown}", ct);
            lab.Progress($"{recording.Name}: {shown.Count(c => c == '\n')} lines");
        }
    }

    private static string Script(Recording recording) => $$"""
        for i in 0 1; do
          rm -f {{Disks}}/$i; truncate -s {{DiskMiB}}M {{Disks}}/$i
          dd if={{Disks}}/table-{{recording.Name}} of={{Disks}}/$i conv=notrunc bs=1M status=none
          losetup --partscan /dev/loop$i {{Disks}}/$i
        done
        udevadm settle
        {{recording.Set}}
        mke2fs -q -L resin-rootA $root
        udevadm trigger --settle $root
        mkdir -p /run/recorded
        mount $root /run/recorded
        (cd /run/recorded; mkdir proc usr; ln -s usr/lib usr/lib64 usr/bin .)
        mount --bind /usr /run/recorded/usr
        mount -t proc proc /run/recorded/proc
        for name in /sys/class/block/loop[01]* /sys/class/block/md* /sys/class/block/dm-*; do [ ! -e $name ] || show $(readlink -f $name); done
        echo "/proc/self/mountinfo = $(chroot /run/recorded /usr/bin/cat /proc/self/mountinfo | grep ' / / ' | tr '\n' '|' | sed 's/|$//')"
        umount /run/recorded/proc /run/recorded/usr /run/recorded
        dmsetup remove_all
        mdadm --quiet --stop --scan
        udevadm settle
        losetup --detach-all
        """;

    /// <summary>Debian's mdadm with its udev rules, which the lab's OS has no use for.</summary>
    private static async Task InstallAsync(VirtualDevice device, CancellationToken ct)
    {
        string work = Directory.CreateTempSubdirectory("hostup-recorder-").FullName;
        try
        {
            await new Tool("sh").RunAsync(["-c", "cd \"$0\" && apt-get -q download mdadm && dpkg-deb --fsys-tarfile mdadm_*.deb > mdadm.tar", work], ct);
            await device.PutFileAsync(Path.Combine(work, "mdadm.tar"), "/run/mdadm.tar", ct);
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
        await device.RunAsync(["sh", "-c",
            $"set -e; mkdir -p {Disks}/package /run/udev/rules.d; tar -xf /run/mdadm.tar -C {Disks}/package; modprobe --all loop md-mod raid1 dm-mod; "
            + $"cp {Disks}/package/lib/udev/rules.d/6*.rules /run/udev/rules.d; udevadm control --reload"], ct);
    }

    private static async Task PutTableAsync(VirtualDevice device, Recording recording, CancellationToken ct)
    {
        string table = Path.GetTempFileName();
        try
        {
            await using (var file = new FileStream(table, FileMode.Create))
                file.SetLength(TableMiB << 20);
            if (recording.Partitions is not [])
                await new Tool("sfdisk").RunWithInputAsync(["-q", table], Layout(recording.Partitions), ct);
            await using (var file = new FileStream(table, FileMode.Open))
                file.SetLength(1 << 20);
            await device.PutFileAsync(table, $"{Disks}/table-{recording.Name}", ct);
        }
        finally
        {
            File.Delete(table);
        }
    }

    // The fourth is the extended partition of the old partition tables: two sectors here.
    private static string Layout(IReadOnlyList<string> names)
    {
        string[] sizes = ["81920", "638976", "638976", "2", "40960", "2097152"];
        return "label: gpt\n" + string.Concat(names.Select((name, i) => $"size={sizes[i]}{(name.Length > 0 ? $", name={name}" : "")}\n"));
    }

    private static string[] Named(int index, string name, int other = -1, string otherName = "") =>
        [.. Names.Select((n, i) => i == index ? name : i == other ? otherName : n)];

    /// <summary>One system.</summary>
    /// <param name="Name">Name of its file.</param>
    /// <param name="What">What it is, for people.</param>
    /// <param name="Partitions">Names of the partitions on both disks; none: they have no table.</param>
    /// <param name="Set">Shell words that set it up and set <c>root</c>.</param>
    private sealed record Recording(string Name, string What, string[] Partitions, string Set);
}
