using Hostup.Lab.Boot;
using Hostup.Lab.Cache;
using Hostup.Lab.Packages;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Images;

/// <summary>The root tree of one release of the lab's host OS, as a folder with right owners and modes.</summary>
/// <param name="Release">Which release.</param>
/// <param name="Root">Folder that holds the tree. Never change it: it is cached and shared.</param>
/// <param name="Loader">What boots it.</param>
/// <param name="Key">Hash of everything it is made from.</param>
public sealed record HostOsTree(HostOsRelease Release, string Root, LabBootLoader Loader, string Key)
{
    private const string FixedUnits = "balena-supervisor.service update-balena-supervisor.timer";

    /// <summary>Version of the kernel in the tree, as uname -r says it.</summary>
    public string KernelVersion => Path.GetFileName(Directory.GetDirectories(Path.Combine(Root, "usr/lib/modules")).Single());

    /// <summary>Returns the tree of a release for devices with GRUB, made when the archive, the lab or the overlay has changed since.</summary>
    public static Task<HostOsTree> BuildAsync(LabEnvironment lab, HostOsRelease release, HostOsOverlay overlay, CancellationToken ct) => BuildAsync(lab, release, overlay, LabBootLoader.Grub, ct);

    /// <summary>Returns the tree of a release, made when the archive, the lab or the overlay has changed since.</summary>
    public static async Task<HostOsTree> BuildAsync(LabEnvironment lab, HostOsRelease release, HostOsOverlay overlay, LabBootLoader loader, CancellationToken ct)
    {
        string baseRoot = await BaseTree.GetAsync(lab, release.Suites, ct);
        var key = new CacheKey().Add("base", baseRoot).Add("release", release.OsVersion + release.PlainVersion).Add("loader", loader.Family);
        foreach (string part in (string[])["Images", "Boot"])
            key.AddFolder(part, Path.Combine(lab.RepositoryRoot, "src/Hostup.Lab", part), _ => true);
        key.AddFolder("fixed", RootFiles.FixedFolder, _ => true);
        overlay.AddTo(key);
        string name = key.Finish();
        string folder = await lab.Cache.GetAsync("tree", name, folder => MakeAsync(baseRoot, release, overlay, loader, folder, ct), ct);
        return new HostOsTree(release, Path.Combine(folder, "root"), loader, name);
    }

    /// <summary>The product as devices get it: its Debian package, made from the source tree as it is now.</summary>
    public static async Task<HostOsOverlay> DeviceProgramAsync(LabEnvironment lab, HostOsRelease release, CancellationToken ct) =>
        HostOsOverlay.None.WithPackage((await DevicePackage.BuildAsync(lab, release.ProgramVersion, ct)).File);

    private static async Task MakeAsync(string baseRoot, HostOsRelease release, HostOsOverlay overlay, LabBootLoader loader, string folder, CancellationToken ct)
    {
        string root = Path.Combine(folder, "root");
        await new Tool("cp").RunAsync(["--archive", "--reflink=auto", baseRoot, root], ct);
        var files = new RootFiles(root);
        files.AddFixedFiles(loader);
        files.AddIdentity(release, loader.DeviceType);
        files.AddBoot();
        await loader.WriteBootFilesAsync(Path.Combine(root, "resin-boot"), release, ct);
        foreach (string package in overlay.Packages)
            await new DevicePackage(package).InstallAsync(root, ct);
        foreach (string source in overlay.Folders)
            files.AddFolder(source, "");
        foreach (var (target, source) in overlay.Programs)
            files.AddProgram(source, target);
        foreach (var (target, text) in overlay.Texts)
            files.AddText(target, text);
        await files.EnableUnitsAsync(FixedUnits.Split(' '), ct);
        foreach (string target in overlay.Removed)
            files.Remove(target);
        foreach (var (target, points) in overlay.Links)
            files.Link(target, points);
    }
}
