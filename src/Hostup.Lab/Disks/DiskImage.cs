using Hostup.Lab.Cache;
using Hostup.Lab.Images;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Disks;

/// <summary>A disk as it leaves the factory, a raw sparse file. Never written again: devices run on overlays over it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Layout">Its partitions.</param>
/// <param name="Key">Hash of everything it is made from.</param>
public sealed record DiskImage(string Path, DiskLayout Layout, string Key)
{
    private const string Recipe = "2";
    private const int CopyBlockBytes = 1 << 20;

    /// <summary>Folders of the root that live on the state partition.</summary>
    private static readonly string[] OnState = ["etc/balena-supervisor", "etc/docker", "etc/systemd/network", "etc/hostname"];

    /// <summary>Returns the disk with the tree in slot A, made when one of the parts has changed since.</summary>
    public static async Task<DiskImage> BuildAsync(LabEnvironment lab, HostOsTree tree, DiskLayout layout, DiskContent content, CancellationToken ct)
    {
        var key = new CacheKey().Add("recipe", Recipe).Add("tree", tree.Key).Add("layout", layout.ToScript());
        foreach (var (target, text) in content.BootTexts.OrderBy(f => f.Key, StringComparer.Ordinal))
            key.Add("boot " + target, text);
        foreach (var (target, source) in content.UserFiles.OrderBy(f => f.Key, StringComparer.Ordinal))
            key.AddFile("data " + target, source);
        string name = key.Finish();
        string folder = await lab.Cache.GetAsync("disk", name, folder => MakeAsync(tree, layout, content, folder, ct), ct);
        return new DiskImage(System.IO.Path.Combine(folder, "disk.img"), layout, name);
    }

    private static async Task MakeAsync(HostOsTree tree, DiskLayout layout, DiskContent content, string folder, CancellationToken ct)
    {
        string disk = System.IO.Path.Combine(folder, "disk.img");
        await using (var file = File.Create(disk))
            file.SetLength(layout.SizeBytes);
        await new Tool("sfdisk").RunWithInputAsync(["-q", disk], layout.ToScript(), ct);

        string part = System.IO.Path.Combine(folder, "part");
        await FileSystems.MakeFatAsync(part, layout.Boot, MakeBootFolder(tree, content, folder), ct);
        await PlaceAsync(part, disk, layout.Boot, ct);
        await FileSystems.MakeExt4Async(part, layout.RootA, tree.Root, ct);
        await PlaceAsync(part, disk, layout.RootA, ct);
        await FileSystems.MakeExt4Async(part, layout.RootB, null, ct);
        await PlaceAsync(part, disk, layout.RootB, ct);
        await FileSystems.MakeExt4Async(part, layout.State, await MakeStateFolderAsync(tree, folder, ct), ct);
        await PlaceAsync(part, disk, layout.State, ct);
        await FileSystems.MakeExt4Async(part, layout.UserSpace, MakeUserFolder(content, folder), ct);
        await PlaceAsync(part, disk, layout.UserSpace, ct);
        foreach (string rest in (string[])["boot", "state", "data"])
            Directory.Delete(System.IO.Path.Combine(folder, rest), recursive: true);
    }

    private static string MakeBootFolder(HostOsTree tree, DiskContent content, string folder)
    {
        string boot = Directory.CreateDirectory(System.IO.Path.Combine(folder, "boot")).FullName;
        string source = System.IO.Path.Combine(tree.Root, "resin-boot");
        foreach (string path in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            Copy(path, System.IO.Path.Combine(boot, System.IO.Path.GetRelativePath(source, path)));
        foreach (var (target, bytes) in tree.Loader.Provisioned)
            File.WriteAllBytes(System.IO.Path.Combine(boot, target), bytes);
        foreach (var (target, text) in content.BootTexts)
            File.WriteAllText(System.IO.Path.Combine(boot, target), text);
        return boot;
    }

    private static async Task<string> MakeStateFolderAsync(HostOsTree tree, string folder, CancellationToken ct)
    {
        string state = Directory.CreateDirectory(System.IO.Path.Combine(folder, "state")).FullName;
        Directory.CreateDirectory(System.IO.Path.Combine(state, "hostup"));
        foreach (string place in OnState)
        {
            string target = System.IO.Path.Combine(state, "root-overlay", place);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            await new Tool("cp").RunAsync(["--archive", System.IO.Path.Combine(tree.Root, place), target], ct);
        }
        return state;
    }

    private static string MakeUserFolder(DiskContent content, string folder)
    {
        string user = Directory.CreateDirectory(System.IO.Path.Combine(folder, "data")).FullName;
        Directory.CreateDirectory(System.IO.Path.Combine(user, "hostup"));
        Directory.CreateDirectory(System.IO.Path.Combine(user, "resin-data"));
        foreach (var (target, source) in content.UserFiles)
            Copy(source, System.IO.Path.Combine(user, target));
        return user;
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
        File.Copy(source, target);
    }

    /// <summary>Writes a file system into its place on the disk, leaving holes where it is all zeros, and removes the file.</summary>
    private static async Task PlaceAsync(string part, string disk, DiskPartition partition, CancellationToken ct)
    {
        byte[] block = new byte[CopyBlockBytes];
        await using (var source = File.OpenRead(part))
        await using (var target = new FileStream(disk, FileMode.Open, FileAccess.Write))
        {
            int read;
            for (long offset = 0; (read = await source.ReadAtLeastAsync(block, block.Length, throwOnEndOfStream: false, ct)) > 0; offset += read)
            {
                if (!block.AsSpan(0, read).ContainsAnyExcept((byte)0))
                    continue;
                target.Position = partition.StartBytes + offset;
                await target.WriteAsync(block.AsMemory(0, read), ct);
            }
        }
        File.Delete(part);
    }
}
