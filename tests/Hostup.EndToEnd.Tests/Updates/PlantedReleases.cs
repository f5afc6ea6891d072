using System.Text;
using Hostup.Core.RootTrees;
using Hostup.Lab;
using Hostup.Lab.Boot;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>The new release, good and broken in the ways of upstream's own tests.</summary>
public static class PlantedReleases
{
    /// <summary>As the archive has it.</summary>
    public static async Task<ReleaseImage> GoodAsync(LabEnvironment lab, CancellationToken ct, LabBootLoader? loader = null) =>
        await ReleaseImage.BuildAsync(lab, await Stage.TreeAsync(lab, HostOsRelease.New, ct, loader), ct);

    /// <summary>Its init is removed: it never reaches user space.</summary>
    public static async Task<ReleaseImage> WithoutInitAsync(LabEnvironment lab, CancellationToken ct, LabBootLoader? loader = null) =>
        await (await GoodAsync(lab, ct, loader)).DeriveAsync(lab, "2.101.1+rev1", [Removed("usr/sbin/init"), Removed("usr/lib/systemd/systemd")], ct);

    /// <summary>Its container engine is a link to /dev/null: it boots and is unhealthy.</summary>
    public static async Task<ReleaseImage> WithoutEngineAsync(LabEnvironment lab, CancellationToken ct) =>
        await (await GoodAsync(lab, ct)).DeriveAsync(lab, "2.101.2+rev1",
            [new TreeEntry { Path = TreePath.Parse("usr/sbin/dockerd"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.ASCII.GetBytes("/dev/null") }], ct);

    /// <summary>Its device program is a link to /dev/null: it boots, runs everything else and can say nothing.</summary>
    public static async Task<ReleaseImage> WithoutProgramAsync(LabEnvironment lab, CancellationToken ct) =>
        await (await GoodAsync(lab, ct)).DeriveAsync(lab, "2.101.6+rev1",
            [new TreeEntry { Path = TreePath.Parse("usr/bin/hostup-device"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.ASCII.GetBytes("/dev/null") }], ct);

    /// <summary>Its kernel panics 20 s after user space came up, in every boot.</summary>
    public static async Task<ReleaseImage> PanickingAsync(LabEnvironment lab, CancellationToken ct, LabBootLoader? loader = null)
    {
        const string units = "usr/lib/systemd/system", unit = "hostup-lab-panic.service";
        byte[] text = Encoding.ASCII.GetBytes("""
            [Unit]
            Description=Planted fault: this OS dies 20 s after user space came up
            After=hostup-rollback-altboot.service

            [Service]
            ExecStart=/bin/sh -c 'sleep 20; echo c > /proc/sysrq-trigger'

            """);
        return await (await GoodAsync(lab, ct, loader)).DeriveWithFilesAsync(lab, "2.101.7+rev1",
            [
                (new TreeEntry { Path = TreePath.Parse($"{units}/{unit}"), Kind = TreeEntryKind.File, Mode = 0x1A4 /* 0644 */, Size = text.Length }, text),
                (new TreeEntry { Path = TreePath.Parse($"{units}/multi-user.target.wants/{unit}"), Kind = TreeEntryKind.SymbolicLink, Mode = 0x1FF, SymbolicTarget = Encoding.ASCII.GetBytes($"../{unit}") }, ReadOnlyMemory<byte>.Empty),
            ], ct);
    }

    /// <summary>Boot files of the lab OS that an update leaves alone.</summary>
    public static IReadOnlyList<string> KeptBackFiles { get; } = ["config.txt", "splash/balena-logo.png"];

    /// <summary>Kernel, first root and boot files alone: quick to write, and never meant to be booted. Each boot file that it changes or adds is several clusters long.</summary>
    public static async Task<(ReleaseImage Image, HostOsTree Tree)> BootFilesAsync(LabEnvironment lab, CancellationToken ct)
    {
        var release = HostOsRelease.New;
        var overlay = HostOsOverlay.None
            .WithText("resin-boot/EFI/BOOT/grub.cfg", GrubConfig.Text(release.OsVersion) + Lines("# padding", 1500))
            .WithText("resin-boot/cmdline.txt", Lines("console=ttyS0", 1500))
            .WithText("resin-boot/overlays/first.dtbo", Lines("first overlay", 2500))
            .WithText("resin-boot/overlays/second.dtbo", Lines("second overlay", 3500));
        var tree = await BootOnlyTree.BuildAsync(lab, await HostOsTree.BuildAsync(lab, release, overlay, ct), ct);
        return (await ReleaseImage.BuildAsync(lab, tree, ct), tree);
    }

    private static string Lines(string line, int count) => string.Concat(Enumerable.Repeat(line + "\n", count));

    private static TreeEntry Removed(string path) => new() { Path = TreePath.Parse(path), Kind = TreeEntryKind.Whiteout };
}
