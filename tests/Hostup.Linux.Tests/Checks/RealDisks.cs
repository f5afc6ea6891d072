using System.Security.Cryptography;
using System.Text;
using Hostup.Core;
using Hostup.Lab.Sim;
using Hostup.Linux.Files;
using Hostup.Linux.Processes;
using Hostup.Linux.Slots;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Updates.Boot;
using Hostup.Updates.Checks;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Linux.Tests.Checks;

/// <summary>
/// A device whose boot partition, state partition and slots are real file systems on real block devices; engine, power and clock are simulated.
/// The boot partition is FAT where this kernel has it, else ext4. Partition numbers come from a recorded tree: loop devices have none.
/// </summary>
internal sealed class RealDisks : IDisposable
{
    private const long MiB = 1 << 20;
    private readonly TemporaryDirectory _scratch = new();
    // In memory where that is: every flush of a small disk would else wait for the whole machine's.
    private readonly string _images = Directory.CreateDirectory((Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath()) + "/hostup-disks-" + Guid.NewGuid().ToString("n")).FullName;
    private readonly List<string> _mounted = [];
    private readonly Dictionary<string, string> _loops = [];
    private readonly SimDevice _simulated = new(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));

    public RealDisks()
    {
        Root = _scratch.Sub("root");
        bool fat = File.ReadLines("/proc/filesystems").Any(l => l.Trim() == "vfat");
        Make("resin-boot", 16 * MiB, fat ? ["/usr/sbin/mkfs.vfat", "-F", "16"] : ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4"]);
        foreach (string name in new[] { "resin-rootA", "resin-rootB", "resin-state" })
            Make(name, 16 * MiB, ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-L", name]);
        Mount("resin-boot", Places.Boot);
        Mount("resin-state", Places.State);
        Write("/etc/os-release", "VERSION=\"2.100.0\"\nSLUG=sim-device\n");
        Directory.CreateDirectory(Root + Places.Data);
        Directory.CreateDirectory(Root + "/run");
        OnBoot(() =>
        {
            Write(SimDevice.GrubEnv, Encoding.ASCII.GetString(GrubEnvironment.NewBlock(new BootSettings(2, false, 0))));
            Write(Places.Boot + "/EFI/BOOT/grub.cfg", "old");
            Write(Places.Boot + "/slot-2/vmlinuz", "old");
        });
        Target = _simulated.Target;
    }

    public string Root { get; }

    public SimTarget Target { get; set; }

    /// <summary>Changes the boot partition, which is read-only else.</summary>
    public void OnBoot(Action change)
    {
        Run.Checked("/bin/mount", "-o", "remount,rw", Root + Places.Boot);
        change();
        Run.Checked("/bin/mount", "-o", "remount,ro", Root + Places.Boot);
    }

    public void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Root + path)!);
        File.WriteAllText(Root + path, content);
    }

    /// <summary>Fills a partition until only so many bytes are free.</summary>
    public void Fill(string mountPoint, long leave)
    {
        using var file = File.Create(Root + mountPoint + "/filler");
        byte[] block = new byte[4096];
        while (new DriveInfo(Root + mountPoint).AvailableFreeSpace > leave)
        {
            file.Write(block);
            file.Flush(flushToDisk: true);
        }
    }

    public void Mount(string name, string mountPoint)
    {
        Directory.CreateDirectory(Root + mountPoint);
        Run.Checked("/bin/mount", _loops[name], Root + mountPoint);
        _mounted.Add(Root + mountPoint);
    }

    public void Unmount(string mountPoint)
    {
        Run.Checked("/bin/umount", Root + mountPoint);
        _mounted.Remove(Root + mountPoint);
    }

    /// <summary>Every check, with the real ports for files and disks.</summary>
    public async Task<IReadOnlyList<CheckResult>> CheckAsync()
    {
        var files = new LinuxFiles(Root);
        var device = _simulated.Device with
        {
            Files = files,
            Slots = new LinuxSlots(new CommandRunner(), Devices()),
            Boot = new GrubEnvironment(files, SimDevice.GrubEnv),
        };
        var facts = await DeviceFacts.ReadAsync(device, CancellationToken.None);
        var asked = new UpdateAsked(Target.Release, Target.Reinstall, Target.UpdaterVersion);
        return DeviceChecks.Evaluate(facts, await ReleaseFit.ReadAsync(device, asked, _simulated.Sources, CancellationToken.None), asked);
    }

    /// <summary>Sums over every block of the boot partition and both slots, from the medium.</summary>
    public string Blocks() => string.Join('\n', new[] { "resin-boot", "resin-rootA", "resin-rootB" }.Select(name =>
    {
        Run.Checked("/bin/sync", "-f", Root + Places.Boot);
        BlockDevices.DropBuffers(_loops[name]);
        using var device = File.OpenRead(_loops[name]);
        return $"{name} {Digest.FromHash(SHA256.HashData(device))}";
    }));

    public void Dispose()
    {
        foreach (string mounted in _mounted.AsEnumerable().Reverse().ToList())
            Run.Checked("/bin/umount", mounted);
        foreach (string loop in _loops.Values)
            Run.Checked("/usr/sbin/losetup", "-d", loop);
        Directory.Delete(_images, recursive: true);
        _scratch.Dispose();
    }

    private void Make(string name, long bytes, string[] maker)
    {
        string image = Path.Combine(_images, name + ".img");
        using (var file = File.Create(image))
            file.SetLength(bytes);
        Run.Checked(maker[0], [.. maker[1..], image]);
        _loops[name] = Run.Checked("/usr/sbin/losetup", "-f", "--show", image).Trim();
    }

    private BlockDevices Devices()
    {
        string sys = _scratch.Of("sys-" + Guid.NewGuid().ToString("n"));
        string running = Partition(sys, "resin-rootA", 2);
        Partition(sys, "resin-rootB", 3);
        return new BlockDevices(sys, [.. MountTable.Read(), new Mount(running, "/", true, "ext4", _loops["resin-rootA"])], _scratch.Of("no-udev"));
    }

    private string Partition(string sys, string name, int number)
    {
        string loop = Path.GetFileName(_loops[name]);
        string folder = Directory.CreateDirectory($"{sys}/devices/virtual/block/disk/{loop}").FullName;
        string device = File.ReadAllText($"/sys/class/block/{loop}/dev").Trim();
        File.WriteAllText($"{folder}/dev", device + "\n");
        File.WriteAllText($"{folder}/partition", $"{number}\n");
        File.Copy($"/sys/class/block/{loop}/size", $"{folder}/size");
        Directory.CreateDirectory($"{sys}/dev/block");
        Directory.CreateSymbolicLink($"{sys}/dev/block/{device}", folder);
        return device;
    }
}
