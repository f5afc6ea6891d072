using System.Buffers.Binary;
using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Linux.Processes;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Slots;

/// <summary>The ext4 file system of a slot.</summary>
public static class Ext4
{
    // Offsets in the superblock, which lies at byte 1024: kernel documentation, "ext4 super block".
    private const int SuperblockOffset = 1024;
    private const int MagicOffset = 0x38;
    private const ushort Magic = 0xEF53;
    private const int UuidOffset = 0x68;

    private const string Mke2fs = "/usr/sbin/mke2fs|/sbin/mke2fs";
    /// <summary>As the space check counts them; mke2fs itself takes 1024 on a small slot.</summary>
    private const string BlockBytes = "4096";
    private const string ProbeBlocks = "65536"; // enough for every feature; no device is looked at

    /// <summary>UUID of the file system; null when there is none.</summary>
    public static Guid? ReadUuid(string device)
    {
        using var file = File.OpenHandle(device, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> superblock = stackalloc byte[1024];
        if (RandomAccess.Read(file, superblock, SuperblockOffset) < superblock.Length
            || BinaryPrimitives.ReadUInt16LittleEndian(superblock[MagicOffset..]) != Magic)
            return null;
        return new Guid(superblock.Slice(UuidOffset, 16), bigEndian: true);
    }

    /// <summary>Why one with these features cannot be made here; null: it can. Nothing is written: mke2fs only goes through its arguments.</summary>
    public static async ValueTask<string?> FaultAsync(CommandRunner commands, RootFileSystem format, CancellationToken ct)
    {
        try
        {
            await commands.RequireAsync(Mke2fs, ["-n", "-F", "-q", "-t", "ext4", "-b", BlockBytes, "-O", Features(format), "/dev/null", ProbeBlocks], ct).ConfigureAwait(false);
            return null;
        }
        catch (HostupException e)
        {
            return e.Why;
        }
    }

    /// <summary>Makes one with the features that the release names and no others. Durable when it returns.</summary>
    /// <exception cref="HostupException"><c>mkfs</c> when mke2fs is missing, does not know a feature or fails.</exception>
    public static async ValueTask MakeAsync(CommandRunner commands, Slot slot, RootFileSystem format, Guid uuid, CancellationToken ct)
    {
        try
        {
            await commands.RequireAsync(
                Mke2fs,
                ["-q", "-F", "-t", "ext4", "-b", BlockBytes, "-N", format.InodesOn(slot.SizeBytes).ToString(CultureInfo.InvariantCulture), "-O", Features(format), "-U", uuid.ToString(), "-L", format.LabelOn(slot.Label), "-E", "lazy_itable_init=1,nodiscard", slot.Device],
                ct).ConfigureAwait(false);
            BlockDevices.DropBuffers(slot.Device);
        }
        catch (HostupException e)
        {
            throw new HostupException(HostupErrors.Mkfs, $"cannot format slot {slot.Label}", e.Why, "install an mke2fs that knows the release's features, or sign the release with fewer", e);
        }
    }

    private static string Features(RootFileSystem format) => "none," + string.Join(',', format.Ext4Features);
}
