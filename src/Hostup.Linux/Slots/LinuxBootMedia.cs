using System.Globalization;
using System.Security.Cryptography;
using Hostup.Linux.Native;
using Hostup.Oci.Layouts;
using Hostup.Updates.Ports;
using Microsoft.Win32.SafeHandles;
using PortErrors = Hostup.Linux.Files.PortErrors;

namespace Hostup.Linux.Slots;

/// <summary>The disk that the running slot is on, and the hardware boot partitions of an eMMC (<c>mmcblk0boot0</c>).</summary>
/// <param name="running">Device of the running slot, for example <c>/dev/mmcblk0p2</c>; asked when it is needed.</param>
/// <param name="root">Put before /sys and /dev; empty on a device, a folder in tests.</param>
public sealed class LinuxBootMedia(Func<string> running, string root = "") : IBootMedia
{
    private const int SectorBytes = 512;
    private const int BlockBytes = 128 << 10;
    // UEFI specification: protective MBR, header, 32 sectors of entries; header and entries again at the end.
    private const int GptSectors = 34, GptCopySectors = 33;

    /// <inheritdoc/>
    public string? FaultOf(string medium, long offsetBytes, long length)
    {
        string name = NameOf(medium);
        if (!File.Exists($"{SysOf(name)}/size"))
            return $"this device has no medium {medium}";
        long size = Number($"{SysOf(name)}/size") * SectorBytes, end = offsetBytes + length;
        if (end > size)
            return $"it ends at byte {end} of a medium of {size}";
        if (medium != "disk")
            return null;
        bool gpt = IsGpt(name);
        if (offsetBytes < (gpt ? GptSectors : 1) * SectorBytes || (gpt && end > size - (GptCopySectors * SectorBytes)))
            return "it overlaps the partition table";
        var partition = Directory.EnumerateDirectories(SysOf(name)).Where(d => File.Exists($"{d}/partition"))
            .FirstOrDefault(d => offsetBytes < (Number($"{d}/start") + Number($"{d}/size")) * SectorBytes && end > Number($"{d}/start") * SectorBytes);
        return partition is null ? null : $"it overlaps {Path.GetFileName(partition)}";
    }

    /// <inheritdoc/>
    public Digest Hash(string medium, long offsetBytes, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Read(medium, offsetBytes, length, block => hash.AppendData(block.Span));
        return Digest.FromHash(hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void CopyTo(string medium, long offsetBytes, long length, string file)
    {
        using var target = PortErrors.Open(file, FileMode.Create, FileAccess.Write);
        long written = 0;
        Read(medium, offsetBytes, length, block =>
        {
            PortErrors.Write(target, block.Span, written);
            written += block.Length;
        });
    }

    /// <inheritdoc/>
    public void CopyFrom(string file, string medium, long offsetBytes)
    {
        SetReadOnly(medium, false);
        using var source = PortErrors.Open(file);
        using var target = PortErrors.Open(DeviceOf(medium), FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        byte[] block = new byte[BlockBytes];
        for (long done = 0; RandomAccess.Read(source, block, done) is > 0 and var count; done += count)
            PortErrors.Write(target, block.AsSpan(0, count), offsetBytes + done);
    }

    /// <inheritdoc/>
    public void Flush(string medium)
    {
        using (var file = PortErrors.Open(DeviceOf(medium), FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
            FileFlush.ToDisk(file, medium);
        SetReadOnly(medium, true);
    }

    private void Read(string medium, long offsetBytes, long length, Action<ReadOnlyMemory<byte>> take)
    {
        using var file = PortErrors.Open(DeviceOf(medium), FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        DropCache(file);
        byte[] block = new byte[BlockBytes];
        for (long done = 0; done < length;)
        {
            int count = RandomAccess.Read(file, block.AsSpan(0, (int)Math.Min(block.Length, length - done)), offsetBytes + done);
            if (count == 0)
                throw new IOException($"cannot read {medium}: it ends at byte {offsetBytes + done}");
            take(block.AsMemory(0, count));
            done += count;
        }
    }

    // What is clean in the page cache goes: the next read comes from the medium.
    private static void DropCache(SafeFileHandle file) => _ = FileCalls.Advise((int)file.DangerousGetHandle(), 0, 0, FileCalls.FadviseDontNeed);

    private bool IsGpt(string disk)
    {
        using var file = PortErrors.Open($"{root}/dev/{disk}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> signature = stackalloc byte[8];
        return RandomAccess.Read(file, signature, SectorBytes) == signature.Length && signature.SequenceEqual("EFI PART"u8);
    }

    // The kernel writes hardware boot partitions only while this says 0.
    private void SetReadOnly(string medium, bool readOnly)
    {
        string switchPath = $"{SysOf(NameOf(medium))}/force_ro";
        if (File.Exists(switchPath))
            PortErrors.Of(() => File.WriteAllText(switchPath, readOnly ? "1" : "0"));
    }

    private string DeviceOf(string medium) => $"{root}/dev/{NameOf(medium)}";

    private string NameOf(string medium)
    {
        string disk = Path.GetFileName(Path.GetDirectoryName(SysOf(Path.GetFileName(running())))!);
        return medium == "disk" ? disk : disk + medium;
    }

    private string SysOf(string name)
    {
        string link = $"{root}/sys/class/block/{name}";
        return Directory.Exists(link) ? new DirectoryInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? link : link;
    }

    private static long Number(string path) => long.Parse(File.ReadAllText(path), CultureInfo.InvariantCulture);
}
