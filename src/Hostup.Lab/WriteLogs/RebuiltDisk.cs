using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Programs;

namespace Hostup.Lab.WriteLogs;

/// <summary>Disks as a power cut would leave them, rebuilt from a saved state and the writes logged since.</summary>
public static class RebuiltDisk
{
    /// <summary>
    /// Makes the disk that remains when power goes after the first <paramref name="prefix"/> entries and nothing unflushed survives.
    /// </summary>
    /// <param name="lab">The lab.</param>
    /// <param name="saved">The state from which the logged device started.</param>
    /// <param name="log">Its log.</param>
    /// <param name="prefix">Number of entries before the cut.</param>
    /// <param name="path">File to make; sparse, the size of the device's disk.</param>
    /// <param name="ct">Ends the making.</param>
    public static async Task<DiskImage> MakeAsync(LabEnvironment lab, SavedState saved, WriteLog log, int prefix, string path, CancellationToken ct)
    {
        string name = Path.GetFileName(saved.Folder);
        string folder = await lab.Cache.GetAsync("saved-raw", name, folder =>
            new Tool("qemu-img").RunAsync(["convert", "-O", "raw", saved.Disk, Path.Combine(folder, "disk.img")], ct), ct);
        await new Tool("cp").RunAsync(["--sparse=always", "--reflink=auto", Path.Combine(folder, "disk.img"), path], ct);
        await log.ApplyAsync(log.Durable(prefix), path, ct);
        return new DiskImage(path, DiskLayout.Full, $"{name}-{prefix}");
    }
}
