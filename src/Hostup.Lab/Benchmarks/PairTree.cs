using Hostup.Lab.Cache;
using Hostup.Lab.Packages;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Benchmarks;

/// <summary>A root tree of one side of a pair, larger than the lab's own: what a device with network, engine and boot tools has.</summary>
/// <param name="Folder">Its root.</param>
/// <param name="Tar">The same as a tar file, sorted, with times clamped: what peers take.</param>
/// <param name="Kernel">Version of its kernel.</param>
internal sealed record PairTree(string Folder, string Tar, string Kernel)
{
    /// <summary>Changes when the making below changes.</summary>
    private const string Recipe = "1";

    /// <summary>What it was made from: the suites with the dates of their indexes.</summary>
    public string Archive { get; init; } = "";

    private const string PackageNames =
        "systemd,systemd-sysv,dbus,udev,linux-image-cloud-amd64,network-manager,docker.io,openssh-server,chrony,e2fsprogs,ca-certificates,iproute2,iptables,kmod,zstd,initramfs-tools,"
        + "parted,dosfstools,curl,jq,modemmanager,avahi-daemon,less,vim-tiny,nano,rauc,bluez,wpasupplicant,rsync,tpm2-tools,cryptsetup-bin";

    private static readonly string[] Excluded = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];
    private static readonly string[] Removed = ["usr/bin/ctr", "usr/bin/containerd-shim", "usr/bin/containerd-shim-runc-v1", "usr/bin/containerd-stress"];

    /// <summary>Debian with these suites, made when the archive has changed since.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="suites">The first names the distribution.</param>
    /// <param name="included">Further packages, separated by commas; empty: none.</param>
    /// <param name="ct">Cancels.</param>
    public static async Task<PairTree> OfSuitesAsync(LabEnvironment lab, IReadOnlyList<string> suites, string included, CancellationToken ct)
    {
        var archive = DebianArchive.FromAptSources("/etc/apt");
        string packages = included.Length == 0 ? PackageNames : PackageNames + "," + included;
        var key = new CacheKey().Add("recipe", Recipe).Add("packages", packages);
        await archive.AddStateAsync(lab.Cache, key, suites, ct);
        return Open(await lab.Cache.GetAsync("pair-tree", key.Finish(), async folder =>
        {
            await BootstrapAsync(archive, suites, packages, Path.Combine(folder, "root"), ct);
            await TarAsync(folder, ct);
        }, ct)) with { Archive = await archive.DescribeAsync(lab.Cache, suites, ct) };
    }

    /// <summary>The userland of one tree with kernel, modules and first root of another: a release that brings security fixes only.</summary>
    public static async Task<PairTree> MixedAsync(LabEnvironment lab, PairTree userland, PairTree kernel, CancellationToken ct)
    {
        string key = new CacheKey().Add("recipe", Recipe).Add("userland", userland.Folder).Add("kernel", kernel.Folder).Finish();
        return Open(await lab.Cache.GetAsync("pair-tree", key, async folder =>
        {
            string root = Path.Combine(folder, "root");
            const string parts = "boot usr/lib/modules vmlinuz vmlinuz.old initrd.img initrd.img.old";
            const string script = "set -e; cp -a \"$1\" \"$3\"; for part in $4; do rm -rf \"$3/$part\"; if [ -e \"$2/$part\" ] || [ -L \"$2/$part\" ]; then cp -a \"$2/$part\" \"$3/$part\"; fi; done";
            await new Tool("sh").RunAsync(["-c", script, "mix", userland.Folder, kernel.Folder, root, parts], ct);
            await TarAsync(folder, ct);
        }, ct)) with { Archive = $"{userland.Archive}, kernel of {kernel.Archive}" };
    }

    /// <summary>Packages that the other tree has in another version, or not at all, or that this one lacks.</summary>
    public int ChangedPackages(PairTree other)
    {
        var (mine, theirs) = (Packages(), other.Packages());
        return mine.Except(theirs).Concat(theirs.Except(mine)).Select(p => p.Name).Distinct().Count();
    }

    /// <summary>As dpkg keeps them: paragraphs of "Field: value", deb-control(5).</summary>
    private HashSet<(string Name, string Version)> Packages()
    {
        var packages = new HashSet<(string, string)>();
        string name = "";
        foreach (string line in File.ReadLines(Path.Combine(Folder, "var/lib/dpkg/status")))
        {
            if (line.StartsWith("Package: ", StringComparison.Ordinal))
                name = line["Package: ".Length..];
            else if (line.StartsWith("Version: ", StringComparison.Ordinal))
                packages.Add((name, line["Version: ".Length..]));
        }
        return packages;
    }

    private static async Task BootstrapAsync(DebianArchive archive, IReadOnlyList<string> suites, string packages, string root, CancellationToken ct)
    {
        List<string> arguments =
        [
            "--quiet", "--mode=root", "--variant=minbase", "--architectures=amd64", "--include=" + packages,
            "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"", "--aptopt=Acquire::Retries \"3\"",
            .. Excluded.Select(path => "--dpkgopt=path-exclude=" + path),
            "--customize-hook=rm -rf \"$1\"/var/cache/* \"$1\"/var/log/* \"$1\"/tmp/* \"$1\"/boot/*.old",
            suites[0], root, .. archive.SourceLines(suites),
        ];
        // initramfs-tools then makes the same archive of the same files
        var reproducible = new Dictionary<string, string> { ["SOURCE_DATE_EPOCH"] = "1750000000" };
        await new Tool("mmdebstrap").RunAsync(arguments, TimeSpan.FromMinutes(60), reproducible, ct);
        foreach (string name in Removed)
            File.Delete(Path.Combine(root, name));
        Directory.Delete(Path.Combine(root, "var/lib/apt/lists"), recursive: true);
    }

    private static Task TarAsync(string folder, CancellationToken ct) => new Tool("tar").RunAsync(
        ["--sort=name", "--numeric-owner", "--format=gnu", "--clamp-mtime", "--mtime=@1780000000", "-C", Path.Combine(folder, "root"), "-cf", Path.Combine(folder, "tree.tar"), "."], ct);

    private static PairTree Open(string folder)
    {
        string root = Path.Combine(folder, "root");
        string kernel = Directory.EnumerateDirectories(Path.Combine(root, "usr/lib/modules")).Select(Path.GetFileName).Order(StringComparer.Ordinal).Last()!;
        return new PairTree(root, Path.Combine(folder, "tree.tar"), kernel);
    }
}
