using System.Buffers.Binary;
using Hostup.Core.Errors;
using Hostup.Lab.Disks;
using Hostup.Lab.WriteLogs;

namespace Hostup.Lab.Tests.WriteLogs;

public sealed class WriteLogTests : IDisposable
{
    private const ulong Magic = 0x6a736677736872;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-log-");
    private readonly MemoryStream _log = new();
    private ulong _entries;

    private string LogPath => Path.Combine(_folder.FullName, "log");

    public void Dispose()
    {
        _log.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void Writes_after_the_last_flush_are_dropped_unless_they_were_written_through()
    {
        Add(0, 1, WriteLogFlags.None, 1);
        Add(0, 0, WriteLogFlags.Flush, 0);
        Add(1, 1, WriteLogFlags.None, 2);
        Add(2, 1, WriteLogFlags.WriteThrough, 3);

        var log = Read();

        Assert.Equal([0L], log.Durable(3).Select(e => e.DiskOffset));
        Assert.Equal([0L, 1024L], log.Durable(4).Select(e => e.DiskOffset));
        Assert.Empty(log.Durable(1));
    }

    [Fact]
    public async Task A_disk_gets_contents_and_discards_in_order()
    {
        string disk = Path.Combine(_folder.FullName, "disk");
        await File.WriteAllBytesAsync(disk, Enumerable.Repeat((byte)9, 4 * 512).ToArray(), CancellationToken.None);
        Add(1, 2, WriteLogFlags.None, 7);
        Add(2, 1, WriteLogFlags.Discard, 0);
        Add(3, 1, WriteLogFlags.None, 5);

        var log = Read();
        await log.ApplyAsync(log.Entries, disk, CancellationToken.None);

        byte[] after = await File.ReadAllBytesAsync(disk, CancellationToken.None);
        Assert.Equal([9, 7, 0, 5], [after[0], after[512], after[1024], after[1536]]);
    }

    [Fact]
    public void A_partition_is_replayed_through_every_state_that_a_cut_can_leave()
    {
        const ulong begins = 2048; // the first MiB
        Add(begins, 2, WriteLogFlags.None, 1);
        Add(0, 1, WriteLogFlags.None, 9); // elsewhere on the disk
        Add(begins, 1, WriteLogFlags.WriteThrough, 2);
        Add(0, 0, WriteLogFlags.Flush, 0);
        Add(begins + 1, 1, WriteLogFlags.Discard, 0);
        Add(0, 0, WriteLogFlags.Flush, 0);

        var states = new PartitionReplay(Read(), new DiskPartition(1, "x", 1, 1), new byte[1 << 20]).States()
            .Select(s => (s.Entry, s.Leaves, s.Bytes.Span[0], s.Bytes.Span[512])).ToList();

        Assert.Equal(
        [
            (0, CutLeaves.HalfOfTheLast, 1, 0),
            (0, CutLeaves.Everything, 1, 1),
            (2, CutLeaves.Everything, 2, 1),
            (2, CutLeaves.WhatWasFlushed, 2, 0),
            (3, CutLeaves.WhatWasFlushed, 2, 1),
            (4, CutLeaves.Everything, 2, 0),
            (5, CutLeaves.WhatWasFlushed, 2, 0),
        ], states);
    }

    [Fact]
    public void An_entry_that_is_not_whole_yet_is_left_out()
    {
        Add(0, 1, WriteLogFlags.None, 1);
        Add(1, 4, WriteLogFlags.None, 1);
        _log.SetLength(_log.Length - 512);

        Assert.Single(Read().Entries);
    }

    [Fact]
    public void Something_else_is_refused()
    {
        File.WriteAllBytes(LogPath, new byte[1024]);

        Assert.Throws<HostupException>(() => WriteLog.Read(LogPath));
    }

    private void Add(ulong sector, ulong sectors, WriteLogFlags flags, byte content)
    {
        byte[] head = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(head, sector);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(8), sectors);
        BinaryPrimitives.WriteUInt64LittleEndian(head.AsSpan(16), (ulong)flags);
        _log.Write(head);
        if (!flags.HasFlag(WriteLogFlags.Discard))
            _log.Write(Enumerable.Repeat(content, (int)sectors * 512).ToArray());
        _entries++;
    }

    private WriteLog Read()
    {
        byte[] super = new byte[512];
        BinaryPrimitives.WriteUInt64LittleEndian(super, Magic);
        BinaryPrimitives.WriteUInt64LittleEndian(super.AsSpan(8), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(super.AsSpan(16), _entries);
        BinaryPrimitives.WriteUInt32LittleEndian(super.AsSpan(24), 512);
        File.WriteAllBytes(LogPath, [.. super, .. _log.ToArray()]);
        return WriteLog.Read(LogPath);
    }
}
