using Hostup.Lab.Cache;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Images;

/// <summary>
/// The part of a release that the boot loader and the first root need, and nothing after it: its kernel starts and dies because
/// there is no init. A release that comes back by the boot loader, at a twentieth of the size.
/// </summary>
public static class BootOnlyTree
{
    private static readonly string[] Copied = ["boot", "resin-boot", "usr/lib/os-release"];
    private static readonly string[] EmptyFolders = ["dev", "etc", "mnt/boot", "mnt/data", "mnt/state", "proc", "run", "sys", "tmp", "usr/lib/modules", "var"];

    /// <summary>Returns the tree cut out of a whole one.</summary>
    public static async Task<HostOsTree> BuildAsync(LabEnvironment lab, HostOsTree whole, CancellationToken ct)
    {
        string name = new CacheKey().Add("recipe", "1").Add("whole", whole.Key).Finish();
        string folder = await lab.Cache.GetAsync("boot-only-tree", name, folder => MakeAsync(whole, Path.Combine(folder, "root"), ct), ct);
        return new HostOsTree(whole.Release, Path.Combine(folder, "root"), whole.Loader, name);
    }

    private static async Task MakeAsync(HostOsTree whole, string root, CancellationToken ct)
    {
        foreach (string empty in EmptyFolders)
            Directory.CreateDirectory(Path.Combine(root, empty));
        Directory.CreateDirectory(Path.Combine(root, "usr/lib/modules", whole.KernelVersion));
        foreach (string path in Copied)
            await new Tool("cp").RunAsync(["--archive", Path.Combine(whole.Root, path), Path.Combine(root, path)], ct);
        new RootFiles(root).Link("etc/os-release", "../usr/lib/os-release");
    }
}
