using Hostup.Lab.Programs;

namespace Hostup.Lab.Disks;

/// <summary>Makes file systems in plain files, without mounting anything.</summary>
public static class FileSystems
{
    /// <summary>Features that every boot loader in the field reads and that releases name explicitly.</summary>
    public const string Ext4Features =
        "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize";

    /// <summary>Makes an ext4 file system in a new file.</summary>
    /// <param name="path">File to make.</param>
    /// <param name="partition">Gives size and label.</param>
    /// <param name="tree">Folder whose content it gets; null for an empty one.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task MakeExt4Async(string path, DiskPartition partition, string? tree, CancellationToken ct)
    {
        MakeSparse(path, partition.SizeBytes);
        List<string> arguments = ["-q", "-F", "-b", "4096", "-L", partition.Name, "-O", Ext4Features, "-E", "root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0"];
        if (tree is not null)
            arguments.AddRange(["-d", tree]);
        await new Tool("mkfs.ext4").RunAsync([.. arguments, path], ct);
    }

    /// <summary>Makes the FAT16 file system of the boot partition in a new file.</summary>
    /// <param name="path">File to make.</param>
    /// <param name="partition">Gives the size.</param>
    /// <param name="tree">Folder whose content it gets.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task MakeFatAsync(string path, DiskPartition partition, string tree, CancellationToken ct)
    {
        MakeSparse(path, partition.SizeBytes);
        await new Tool("mkfs.vfat").RunAsync(["-F", "16", "-n", "RESIN-BOOT", path], ct);
        await new Tool("mcopy").RunAsync(["-s", "-i", path, .. Directory.EnumerateFileSystemEntries(tree).Order(StringComparer.Ordinal), "::/"], ct);
    }

    private static void MakeSparse(string path, long sizeBytes)
    {
        using var file = File.Create(path);
        file.SetLength(sizeBytes);
    }
}
