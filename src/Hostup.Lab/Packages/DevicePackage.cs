using Hostup.Lab.Cache;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Packages;

/// <summary>
/// The Debian package of the device program: program, units, their default settings. Units are enabled by links that the package holds, so
/// that installing needs no script. One stops what runs before the package is removed, which leaves nothing but what the device has written itself.
/// </summary>
/// <param name="File">The package.</param>
public sealed record DevicePackage(string File)
{
    private const string Recipe = "3";
    private const string UnitFolder = "usr/lib/systemd/system";
    private const UnixFileMode Executable = (UnixFileMode)0x1ED; // 0755
    private const UnixFileMode Readable = (UnixFileMode)0x1A4; // 0644

    /// <summary>Returns the package of the device program as the source tree has it now, for the lab's devices.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="version">Version of the program and of the package.</param>
    /// <param name="ct">Ends the making.</param>
    public static Task<DevicePackage> BuildAsync(LabEnvironment lab, string version, CancellationToken ct) => BuildAsync(lab, version, PackagePlatform.Amd64, ct);

    /// <summary>The same for any machine.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="version">Version of the program and of the package.</param>
    /// <param name="platform">The machine.</param>
    /// <param name="ct">Ends the making.</param>
    /// <exception cref="Core.Errors.HostupException"><c>lab</c>: the program cannot be published for it here.</exception>
    public static async Task<DevicePackage> BuildAsync(LabEnvironment lab, string version, PackagePlatform platform, CancellationToken ct)
    {
        string program = await PublishedProgram.GetAsync(lab, "Hostup.Device", "hostup-device", version, ct, platform.Name);
        string source = Path.Combine(lab.RepositoryRoot, "deploy/device");
        string key = new CacheKey().Add("recipe", Recipe).Add("version", version).Add("platform", platform.Name).AddFile("program", program).AddFolder("deploy", source, _ => true).Finish();
        string folder = await lab.Cache.GetAsync("device-package", key, folder => PackAsync(program, source, version, platform, folder, ct), ct);
        return new DevicePackage(Path.Combine(folder, NameOf(version, platform)));
    }

    /// <summary>Makes the package of any program in a folder.</summary>
    /// <param name="program">The program.</param>
    /// <param name="source">deploy/device of a source tree.</param>
    /// <param name="version">Version of the package.</param>
    /// <param name="platform">The machine that it runs on.</param>
    /// <param name="folder">Where it is put.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task<DevicePackage> MakeAsync(string program, string source, string version, PackagePlatform platform, string folder, CancellationToken ct)
    {
        await PackAsync(program, source, version, platform, folder, ct);
        return new DevicePackage(Path.Combine(folder, NameOf(version, platform)));
    }

    /// <summary>Installs it into a root tree that is not running.</summary>
    public async Task InstallAsync(string root, CancellationToken ct)
    {
        // A tree whose lists of files were cut away to save space still takes packages.
        Directory.CreateDirectory(Path.Combine(root, "var/lib/dpkg/info"));
        await new Tool("dpkg").RunAsync([$"--root={root}", "--log=/dev/null", "--force-unsafe-io", "--install", File], ct);
    }

    private static string NameOf(string version, PackagePlatform platform) => $"hostup-device_{version}_{platform.Debian}.deb";

    private static async Task PackAsync(string program, string source, string version, PackagePlatform platform, string folder, CancellationToken ct)
    {
        string tree = Path.Combine(folder, "tree");
        Put(program, tree, "usr/bin/hostup-device", Executable);
        Put(Path.Combine(source, "deb/hostup-device.default"), tree, "etc/default/hostup-device", Readable);
        Put(Path.Combine(source, "agent-tls.cnf"), tree, "usr/share/hostup/agent-tls.cnf", Readable);
        foreach (string unit in Directory.EnumerateFiles(Path.Combine(source, "systemd")))
        {
            Put(unit, tree, $"{UnitFolder}/{Path.GetFileName(unit)}", Readable);
            foreach (string line in (await System.IO.File.ReadAllLinesAsync(unit, ct)).Where(l => l.StartsWith("WantedBy=", StringComparison.Ordinal)))
                Enable(tree, Path.GetFileName(unit), line["WantedBy=".Length..]);
        }
        string control = Path.Combine(tree, "DEBIAN");
        Put(Path.Combine(source, "deb/prerm"), tree, "DEBIAN/prerm", Executable);
        string text = (await System.IO.File.ReadAllTextAsync(Path.Combine(source, "deb/control"), ct))
            .Replace("@VERSION@", version, StringComparison.Ordinal).Replace("@ARCHITECTURE@", platform.Debian, StringComparison.Ordinal);
        await System.IO.File.WriteAllTextAsync(Path.Combine(control, "control"), text, ct);
        await System.IO.File.WriteAllTextAsync(Path.Combine(control, "conffiles"), "/etc/default/hostup-device\n", ct);
        await new Tool("dpkg-deb").RunAsync(["--root-owner-group", "-Zxz", "--build", tree, Path.Combine(folder, NameOf(version, platform))], TimeSpan.FromMinutes(10), null, ct);
        Directory.Delete(tree, recursive: true);
    }

    private static void Put(string source, string tree, string target, UnixFileMode mode)
    {
        string path = Path.Combine(tree, target);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        System.IO.File.Copy(source, path);
        System.IO.File.SetUnixFileMode(path, mode);
    }

    private static void Enable(string tree, string unit, string target)
    {
        string link = Path.Combine(tree, UnitFolder, target + ".wants", unit);
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        System.IO.File.CreateSymbolicLink(link, "../" + unit);
    }
}
