using System.Text;
using Hostup.Lab.Boot;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Images;

/// <summary>The cheap half of a host OS: what is laid over Debian's tree to make it a release of our lab OS.</summary>
/// <param name="root">Root tree that receives the files.</param>
public sealed class RootFiles(string root)
{
    /// <summary>Units that a headless device with a read-only root does not need; each costs boot time under software emulation.</summary>
    private static readonly string[] Masked =
    [
        "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
        "getty@tty1.service", "getty-static.service", "systemd-logind.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service",
        "systemd-journal-flush.service", "systemd-random-seed.service", "systemd-sysusers.service", "systemd-firstboot.service", "systemd-binfmt.service",
        "systemd-pcrphase.service", "systemd-pcrphase-sysinit.service", "systemd-repart.service", "systemd-machine-id-commit.service", "systemd-pstore.service",
        "systemd-ask-password-console.path", "systemd-ask-password-wall.path", "remote-fs.target", "dev-hugepages.mount", "dev-mqueue.mount",
        "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "proc-sys-fs-binfmt_misc.automount",
        "systemd-networkd-wait-online.service", "systemd-hwdb-update.service", "ldconfig.service", "systemd-journal-catalog-update.service",
    ];

    /// <summary>Lays the fixed files of the lab OS over the tree.</summary>
    /// <param name="loader">What boots it.</param>
    public void AddFixedFiles(LabBootLoader loader)
    {
        AddFolder(FixedFolder, "");
        AddText("etc/fstab", loader.MountTable(File.ReadAllText(Path.Combine(FixedFolder, "etc/fstab"))));
    }

    /// <summary>Folder of the fixed files, beside the program.</summary>
    public static string FixedFolder => Path.Combine(AppContext.BaseDirectory, "Root");

    /// <summary>Copies a folder into the tree.</summary>
    /// <param name="source">Folder on the builder's machine.</param>
    /// <param name="target">Path inside the tree, without a leading slash.</param>
    public void AddFolder(string source, string target)
    {
        foreach (string path in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            AddFile(path, Path.Combine(target, Path.GetRelativePath(source, path)), UnixFileMode.None);
    }

    /// <summary>Copies a program into the tree.</summary>
    public void AddProgram(string source, string target) =>
        AddFile(source, target, UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    /// <summary>Writes a text file into the tree.</summary>
    public void AddText(string target, string text)
    {
        string path = Prepare(target);
        File.WriteAllText(path, text, new UTF8Encoding(false));
    }

    /// <summary>Says who the tree is: os-release, an empty machine id (each boot gets its own), a fixed resolver.</summary>
    /// <param name="release">The release.</param>
    /// <param name="deviceType">Slug of the devices that it is for.</param>
    public void AddIdentity(HostOsRelease release, string deviceType)
    {
        AddText("usr/lib/os-release", $"""
            ID="hostup-lab"
            NAME="Hostup Lab OS"
            VERSION="{release.OsVersion}"
            VERSION_ID="{release.PlainVersion}"
            PRETTY_NAME="Hostup Lab OS {release.OsVersion}"
            MACHINE="{deviceType}"
            META_BALENA_VERSION="{release.PlainVersion}"
            SLUG="{deviceType}"

            """);
        Link("etc/os-release", "../usr/lib/os-release");
        AddText("etc/machine-id", "");
        // the resolver of QEMU's user network
        AddText("etc/resolv.conf", "nameserver 10.0.2.3\n");
        foreach (string folder in (string[])["mnt/boot", "mnt/state", "mnt/data"])
            Directory.CreateDirectory(Path.Combine(root, folder));
    }

    /// <summary>Adds the initrd, and links under the names that the boot loader knows.</summary>
    public void AddBoot()
    {
        string kernel = Path.GetFileName(Directory.GetFiles(Path.Combine(root, "boot"), "vmlinuz-*").Single());
        Link("boot/vmlinuz", kernel);
        Initrd.Write(root, new Tool("busybox").Path!, Path.Combine(root, "boot/initrd.img"));
    }

    /// <summary>Masks what is useless and enables these units.</summary>
    public async Task EnableUnitsAsync(IReadOnlyList<string> units, CancellationToken ct)
    {
        foreach (string unit in Masked)
            Link("etc/systemd/system/" + unit, "/dev/null");
        await new Tool("systemctl").RunAsync(["--quiet", "--root=" + root, "enable", "systemd-networkd.service", .. units], ct);
    }

    /// <summary>Puts a symbolic link into the tree, in place of what is there.</summary>
    public void Link(string target, string points) => File.CreateSymbolicLink(Prepare(target), points);

    /// <summary>Removes a file or link from the tree.</summary>
    public void Remove(string target) => File.Delete(Path.Combine(root, target));

    private void AddFile(string source, string target, UnixFileMode extra)
    {
        string path = Prepare(target);
        File.Copy(source, path);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead | extra);
    }

    private string Prepare(string target)
    {
        string path = Path.Combine(root, target);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.Delete(path);
        return path;
    }
}
