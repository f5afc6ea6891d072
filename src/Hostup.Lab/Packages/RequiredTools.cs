using Hostup.Lab.Programs;

namespace Hostup.Lab.Packages;

/// <summary>The programs and files of other projects that the lab uses, with the Debian packages that bring them.</summary>
public static class RequiredTools
{
    private static readonly (string ToolOrFile, string Package)[] Needed =
    [
        ("mmdebstrap", "mmdebstrap"),
        ("qemu-system-x86_64", "qemu-system-x86"),
        ("qemu-img", "qemu-utils"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "ovmf"),
        ("/usr/lib/u-boot/qemu-x86/u-boot.rom", "u-boot-qemu"),
        ("grub-mkstandalone", "grub-common"),
        ("/usr/lib/grub/x86_64-efi/moddep.lst", "grub-efi-amd64-bin"),
        ("mcopy", "mtools"),
        ("mkfs.vfat", "dosfstools"),
        ("mkfs.ext4", "e2fsprogs"),
        ("sfdisk", "fdisk"),
        ("busybox", "busybox-static"),
    ];

    // Peers that the image tier tests against.
    private static readonly (string ToolOrFile, string Package)[] Peers =
    [
        ("skopeo", "skopeo"),
        ("docker-registry", "docker-registry"),
        ("dockerd", "docker.io"),
        ("getcap", "libcap2-bin"),
        ("getfattr", "attr"),
    ];

    // Peers that deltas are compared with.
    private static readonly (string ToolOrFile, string Package)[] DeltaPeers = [("rdiff", "rdiff"), ("xdelta3", "xdelta3"), ("casync", "casync"), ("zstd", "zstd"), ("mmdebstrap", "mmdebstrap")];

    /// <summary>Debian packages that are missing, in alphabetical order.</summary>
    public static IReadOnlyList<string> Missing() => Missing(Needed);

    private static IReadOnlyList<string> Missing(IEnumerable<(string ToolOrFile, string Package)> tools) =>
        [.. tools.Where(n => new Tool(n.ToolOrFile).Path is null).Select(n => n.Package).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>Installs what is missing through apt. Waits for another apt; fetches the package lists first, they may be empty.</summary>
    public static Task InstallMissingAsync(Action<string> progress, CancellationToken ct) => InstallAsync(Missing(), progress, ct);

    /// <summary>The same, and what the image tier of the tests runs against.</summary>
    public static Task InstallForTestsAsync(Action<string> progress, CancellationToken ct) => InstallAsync(Missing([.. Needed, .. Peers]), progress, ct);

    /// <summary>What the benchmark of deltas runs.</summary>
    public static Task InstallForBenchmarksAsync(Action<string> progress, CancellationToken ct) => InstallAsync(Missing(DeltaPeers), progress, ct);

    private static async Task InstallAsync(IReadOnlyList<string> missing, Action<string> progress, CancellationToken ct)
    {
        if (missing.Count == 0)
            return;
        progress($"installing {string.Join(' ', missing)}");
        var apt = new Tool("apt-get");
        var quiet = new Dictionary<string, string> { ["DEBIAN_FRONTEND"] = "noninteractive" };
        string[] wait = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=3"];
        // An installation that was killed in its middle is finished first: apt refuses everything until then. Where another one is under way this fails, and apt waits for it.
        await new Tool("dpkg").TryRunAsync(["--configure", "-a"], TimeSpan.FromMinutes(30), quiet, null, ct);
        await apt.RunAsync([.. wait, "-q", "update"], TimeSpan.FromMinutes(10), quiet, ct);
        await apt.RunAsync([.. wait, "-q", "-y", "--no-install-recommends", "install", .. missing], TimeSpan.FromMinutes(30), quiet, ct);
    }
}
