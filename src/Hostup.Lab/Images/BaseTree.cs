using Hostup.Lab.Cache;
using Hostup.Lab.Packages;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Images;

/// <summary>The root tree as Debian makes it, without what a small device does not need: the expensive half of a host OS.</summary>
public static class BaseTree
{
    /// <summary>Changes when the making below changes.</summary>
    private const string Recipe = "3";

    private static readonly string[] PackageNames =
    [
        "systemd", "systemd-sysv", "dbus", "udev", "linux-image-cloud-amd64", "docker.io", "ca-certificates", "openssl", "libssl3", "iproute2",
        "iptables", "kmod", "e2fsprogs", "dosfstools", "util-linux", "qemu-guest-agent", "curl", "less", "procps",
    ];

    private static readonly string[] Excluded =
        ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/lintian/*", "/usr/share/zoneinfo/*"];

    /// <summary>What a device never runs: perl beyond perl-base, old container shims, test programs, the hardware database, package caches.</summary>
    private static readonly string[] Removed =
    [
        "usr/bin/ctr", "usr/bin/containerd-shim", "usr/bin/containerd-shim-runc-v1", "usr/bin/containerd-stress", "usr/sbin/dnet", "usr/sbin/ovrouter",
        "usr/share/perl", "usr/share/perl5", "usr/share/bash-completion", "usr/share/zsh", "usr/share/docker.io", "usr/lib/udev/hwdb.d", "usr/lib/udev/hwdb.bin",
        "usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/perl5", "var/cache", "var/lib/apt", "var/log", "var/backups", "var/lib/dpkg/info", "vmlinuz", "vmlinuz.old",
    ];

    /// <summary>Returns the folder <c>root</c> of the tree for these suites, made when the archive has changed since.</summary>
    public static async Task<string> GetAsync(LabEnvironment lab, IReadOnlyList<string> suites, CancellationToken ct)
    {
        var archive = DebianArchive.FromAptSources("/etc/apt");
        var key = new CacheKey().Add("recipe", Recipe).Add("packages", string.Join(' ', [.. PackageNames, "-", .. Excluded, "-", .. Removed]));
        await archive.AddStateAsync(lab.Cache, key, suites, ct);
        string folder = await lab.Cache.GetAsync("base-tree", key.Finish(), folder => MakeAsync(archive, suites, folder, ct), ct);
        return Path.Combine(folder, "root");
    }

    private static async Task MakeAsync(DebianArchive archive, IReadOnlyList<string> suites, string folder, CancellationToken ct)
    {
        string root = Path.Combine(folder, "root");
        List<string> arguments =
        [
            "--quiet", "--mode=root", "--variant=minbase", "--architectures=amd64",
            "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
            .. Excluded.Select(path => "--dpkgopt=path-exclude=" + path),
            "--include=" + string.Join(',', PackageNames),
            suites[0], root, .. archive.SourceLines(suites),
        ];
        await new Tool("mmdebstrap").RunAsync(arguments, TimeSpan.FromMinutes(30), null, ct);
        foreach (string name in Removed)
            Remove(Path.Combine(root, name));
        Directory.CreateDirectory(Path.Combine(root, "var/log"));
        Directory.CreateDirectory(Path.Combine(root, "var/cache"));
        foreach (string library in Directory.EnumerateFiles(Path.Combine(root, "usr/lib/x86_64-linux-gnu"), "libperl.so*"))
            File.Delete(library);
        foreach (string map in Directory.EnumerateFiles(Path.Combine(root, "boot"), "System.map-*"))
            File.Delete(map);
    }

    private static void Remove(string path)
    {
        if (Directory.Exists(path) && !new FileInfo(path).Attributes.HasFlag(FileAttributes.ReparsePoint))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }
}
