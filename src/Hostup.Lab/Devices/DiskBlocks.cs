using System.Security.Cryptography;
using Hostup.Lab.Disks;
using Hostup.Lab.Programs;

namespace Hostup.Lab.Devices;

/// <summary>The blocks of a device's disk, read from outside of the guest: no program of it can tell them otherwise, and no emulated processor has to hash them.</summary>
public static class DiskBlocks
{
    /// <summary>Hashes every block of some partitions. The guest stands still meanwhile; what it has not written yet is not seen, so let it <c>sync</c> before.</summary>
    /// <param name="device">A device that runs.</param>
    /// <param name="partitions">Which, of its layout.</param>
    /// <param name="ct">Ends it.</param>
    /// <returns>A line each: name and SHA-256.</returns>
    public static async Task<string> HashAsync(VirtualDevice device, IReadOnlyList<DiskPartition> partitions, CancellationToken ct)
    {
        string copy = device.Record.Disk + ".blocks";
        try
        {
            await device.Monitor.RunAsync("stop", null, ct);
            try
            {
                // The running machine holds the lock of the image, and writes nothing while it stands still.
                await new Tool("qemu-img").RunAsync(["convert", "--force-share", "-O", "raw", device.Record.Disk, copy], ct);
            }
            finally
            {
                await device.Monitor.RunAsync("cont", null, CancellationToken.None);
            }
            await using var disk = File.OpenRead(copy);
            var lines = new List<string>();
            foreach (var partition in partitions)
                lines.Add($"{partition.Name} {await HashAsync(disk, partition, ct)}");
            return string.Join('\n', lines);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    private static async Task<string> HashAsync(FileStream disk, DiskPartition partition, CancellationToken ct)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[1 << 20];
        disk.Position = partition.StartBytes;
        for (long left = partition.SizeBytes; left > 0; left -= block.Length)
        {
            await disk.ReadExactlyAsync(block, ct);
            hash.AppendData(block);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
