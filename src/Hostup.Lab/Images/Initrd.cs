using System.IO.Compression;
using System.Text;

namespace Hostup.Lab.Images;

/// <summary>
/// The first root of the guest: a static busybox, the modules that stand between the kernel and its disk, and a script that
/// mounts the root read-only with a volatile /var over it.
/// </summary>
public static class Initrd
{
    private static readonly string[] Modules =
    [
        "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk", "overlay", "virtio_net", "virtio_console",
        "virtio_rng", "fat", "vfat", "nls_ascii", "nls_cp437",
    ];

    /// <summary>
    /// The only interpreter in the first root is busybox's shell. It ends, and with it the kernel (panic=), when there is no root
    /// or no init: the boot loader then counts a failed boot.
    /// </summary>
    private const string Script = """
        #!/bin/busybox sh
        b=/bin/busybox
        $b mount -t devtmpfs dev /dev; $b mount -t proc proc /proc; $b mount -t sysfs sys /sys
        for module in /modules/*; do $b insmod $module; done
        for word in $($b cat /proc/cmdline); do
          case $word in root=*) root=${word#root=};; esac
        done
        tries=0
        until device=$($b findfs $root 2>/dev/null) && [ -b "$device" ]; do
          tries=$((tries + 1))
          if [ $tries -gt 300 ]; then echo "hostup-lab: no root file system $root"; exit 1; fi
          $b usleep 100000
        done
        echo "hostup-lab: root is $device ($root)"
        $b mount -t ext4 -o ro $device /root || exit 1
        $b mount -t tmpfs -o mode=755,nosuid,nodev,size=30% tmpfs /root/run
        $b mkdir -p /root/run/volatile/upper /root/run/volatile/work
        $b mount -t overlay -o lowerdir=/root/var,upperdir=/root/run/volatile/upper,workdir=/root/run/volatile/work overlay /root/var
        $b mount -o move /dev /root/dev; $b mount -o move /proc /root/proc; $b mount -o move /sys /root/sys
        exec $b switch_root /root /sbin/init

        """;

    /// <summary>Writes the initrd for the kernel in a root tree.</summary>
    /// <param name="root">Root tree with one kernel's modules.</param>
    /// <param name="busybox">A static busybox.</param>
    /// <param name="path">File to write.</param>
    public static void Write(string root, string busybox, string path) =>
        Write(busybox, Script, KernelModules.Read(root).InLoadOrder(Modules), path);

    /// <summary>Writes an initrd of busybox and one script, without modules.</summary>
    public static void WriteMinimal(string busybox, string script, string path) => Write(busybox, script, [], path);

    private static void Write(string busybox, string script, IReadOnlyList<string> modules, string path)
    {
        using var file = File.Create(path);
        using var gzip = new GZipStream(file, CompressionLevel.Optimal);
        var archive = new CpioArchive(gzip);
        foreach (string folder in (string[])["bin", "dev", "proc", "sys", "root", "modules"])
            archive.AddFolder(folder);
        archive.AddProgram("bin/busybox", File.ReadAllBytes(busybox));
        archive.AddProgram("init", Encoding.UTF8.GetBytes(script));
        int number = 0;
        foreach (string module in modules)
            archive.AddProgram($"modules/{number++:00}-{Path.GetFileName(module)}", File.ReadAllBytes(module));
        archive.Finish();
    }
}
