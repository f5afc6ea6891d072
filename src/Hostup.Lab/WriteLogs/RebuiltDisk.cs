using Hostup.Lab.Devices;
using Hostup.Lab.Disks;
using Hostup.Lab.Programs;

namespace Hostup.Lab.WriteLogs;

/// <summary>Disks as a power cut would leave them, rebuilt from a saved state and the writes logged since.</summary>
public static class RebuiltDisk
{
    /// <summary>
    /// Makes the disk that remains when power goes after the first <paramref name="prefix"/> entries.
    /// </summary>
    /// <param name="lab">The lab.</param>
    /// <param name="saved">The state from which the logged device started.</param>
    /// <param name="log">Its log.</param>
    /// <param name="prefix">Number of entries before the cut.</param>
    /// <param name="path">File to make; sparse, the size of the device's disk.</param>
    /// <param name="ct">Ends the making.</param>
    /// <param name="everything">Whether what was not flushed survives.</param>
    public static async Task<DiskImage> MakeAsync(LabEnvironment lab, SavedState saved, WriteLog log, int prefix, string path, CancellationToken ct, bool everything = false)
    {
        await new Tool("cp").RunAsync(["--sparse=always", "--reflink=auto", await RawAsync(lab, saved, ct), path], ct);
        await log.ApplyAsync(everything ? log.Entries.Take(prefix) : log.Durable(prefix), path, ct);
        return new DiskImage(path, DiskLayout.Full, $"{Path.GetFileName(saved.Folder)}-{prefix}");
    }

    /// <summary>Content of a partition in a saved state.</summary>
    public static async Task<byte[]> ReadPartitionAsync(LabEnvironment lab, SavedState saved, DiskPartition partition, CancellationToken ct)
    {
        byte[] content = new byte[partition.SizeBytes];
        await using var disk = File.OpenRead(await RawAsync(lab, saved, ct));
        disk.Position = partition.StartBytes;
        await disk.ReadExactlyAsync(content, ct);
        return content;
    }

    private static async Task<string> RawAsync(LabEnvironment lab, SavedState saved, CancellationToken ct) =>
        Path.Combine(await lab.Cache.GetAsync("saved-raw", Path.GetFileName(saved.Folder), folder =>
            new Tool("qemu-img").RunAsync(["convert", "-O", "raw", saved.Disk, Path.Combine(folder, "disk.img")], ct), ct), "disk.img");
}
