using System.Buffers.Binary;
using Hostup.Core.Errors;

namespace Hostup.Lab.WriteLogs;

/// <summary>
/// Every write that a device gave to its disk, in order: the log of QEMU's blklogwrites, whose format is that of the kernel's
/// dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst).
/// </summary>
public sealed class WriteLog
{
    private const ulong Magic = 0x6a736677736872;
    /// <summary>What a disk writes whole.</summary>
    public const int SectorBytes = 512;

    private const int CopyBlockBytes = 1 << 20;
    private readonly string _path;

    private WriteLog(string path, IReadOnlyList<WriteLogEntry> entries)
    {
        _path = path;
        Entries = entries;
    }

    /// <summary>All entries in order.</summary>
    public IReadOnlyList<WriteLogEntry> Entries { get; }

    /// <summary>Reads a log; also one that is still being written: entries that are not whole yet are left out.</summary>
    /// <exception cref="HostupException"><c>lab</c>: not a log.</exception>
    public static WriteLog Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> sector = stackalloc byte[SectorBytes];
        if (file.ReadAtLeast(sector, SectorBytes, throwOnEndOfStream: false) < SectorBytes || U64(sector, 0) != Magic)
            throw new HostupException(HostupErrors.Lab, $"cannot read write log {path}", "it does not begin like one", "start the device with a write log");
        ulong count = U64(sector, 2);
        if (BinaryPrimitives.ReadUInt32LittleEndian(sector[24..]) != SectorBytes)
            throw new HostupException(HostupErrors.Lab, $"cannot read write log {path}", "its sectors are not 512 bytes", "start the device with log-sector-size=512");
        var entries = new List<WriteLogEntry>();
        long position = SectorBytes;
        for (ulong i = 0; i < count; i++)
        {
            file.Position = position;
            if (file.ReadAtLeast(sector, SectorBytes, throwOnEndOfStream: false) < SectorBytes)
                break;
            var flags = (WriteLogFlags)U64(sector, 2);
            var entry = new WriteLogEntry((long)U64(sector, 0) * SectorBytes, (long)U64(sector, 1) * SectorBytes, flags, position + SectorBytes);
            position += SectorBytes + entry.LoggedBytes;
            if (position > file.Length)
                break;
            entries.Add(entry);
        }
        return new WriteLog(path, entries);
    }

    /// <summary>Whole entries that the log holds now, by its own count.</summary>
    public static int CountEntries(string path) => Read(path).Entries.Count;

    /// <summary>
    /// The entries that a disk surely has when power goes after the first <paramref name="prefix"/> entries: those before the last
    /// flush in it, and later ones that were written through. What was not flushed is dropped.
    /// </summary>
    public IReadOnlyList<WriteLogEntry> Durable(int prefix)
    {
        var seen = Entries.Take(prefix).ToList();
        int flushed = seen.FindLastIndex(e => e.Flags.HasFlag(WriteLogFlags.Flush));
        return [.. seen.Where((entry, i) => i < flushed || entry.Flags.HasFlag(WriteLogFlags.WriteThrough))];
    }

    /// <summary>Applies entries to a raw disk that is as the device's disk was when the log began.</summary>
    public async Task ApplyAsync(IEnumerable<WriteLogEntry> entries, string disk, CancellationToken ct)
    {
        await using var log = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        await using var target = new FileStream(disk, FileMode.Open, FileAccess.Write);
        byte[] block = new byte[CopyBlockBytes];
        foreach (var entry in entries)
        {
            log.Position = entry.LogOffset;
            target.Position = entry.DiskOffset;
            bool discarded = entry.Flags.HasFlag(WriteLogFlags.Discard);
            block.AsSpan().Clear();
            for (long left = entry.Bytes; left > 0;)
            {
                var part = block.AsMemory(0, (int)Math.Min(left, block.Length));
                if (!discarded)
                    await log.ReadExactlyAsync(part, ct);
                await target.WriteAsync(part, ct);
                left -= part.Length;
            }
        }
    }

    /// <summary>Content of an entry as text, one character a byte.</summary>
    public string Text(int index) => System.Text.Encoding.Latin1.GetString(Content(index));

    /// <summary>Content of an entry; nothing for a discard.</summary>
    public byte[] Content(int index)
    {
        var entry = Entries[index];
        using var log = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        log.Position = entry.LogOffset;
        byte[] content = new byte[entry.LoggedBytes];
        log.ReadExactly(content);
        return content;
    }

    private static ulong U64(ReadOnlySpan<byte> sector, int index) => BinaryPrimitives.ReadUInt64LittleEndian(sector[(index * 8)..]);
}
