using Hostup.Lab.Disks;

namespace Hostup.Lab.WriteLogs;

/// <summary>What a power cut left of the writes before it.</summary>
public enum CutLeaves
{
    /// <summary>All of them.</summary>
    Everything,

    /// <summary>All but the second half of the last one.</summary>
    HalfOfTheLast,

    /// <summary>Those before the last flush, and what was written through.</summary>
    WhatWasFlushed,
}

/// <summary>A partition as a power cut leaves it.</summary>
/// <param name="Entry">Number of the last entry of the log before the cut.</param>
/// <param name="Leaves">What is left of the writes.</param>
/// <param name="Bytes">Its content; good until the next state is asked for.</param>
public sealed record PartitionState(int Entry, CutLeaves Leaves, ReadOnlyMemory<byte> Bytes);

/// <summary>One partition after every prefix of a write log: each state that a power cut can leave, once.</summary>
/// <param name="log">The log.</param>
/// <param name="partition">The partition; no entry reaches beyond it that begins in it.</param>
/// <param name="start">Its content when the log began.</param>
public sealed class PartitionReplay(WriteLog log, DiskPartition partition, byte[] start)
{
    /// <summary>Plays the log.</summary>
    public IEnumerable<PartitionState> States()
    {
        byte[] everything = [.. start];
        byte[] flushed = [.. start];
        var pending = new List<int>();
        for (int i = 0; i < log.Entries.Count; i++)
        {
            var entry = log.Entries[i];
            if (entry.Flags.HasFlag(WriteLogFlags.Flush) && pending is not [])
            {
                pending.ForEach(p => Apply(p, flushed));
                pending.Clear();
                yield return new PartitionState(i, CutLeaves.WhatWasFlushed, flushed);
            }
            if (!IsInside(entry))
                continue;
            if (entry.Bytes > WriteLog.SectorBytes && !entry.Flags.HasFlag(WriteLogFlags.Discard))
            {
                Apply(i, everything, entry.Bytes / WriteLog.SectorBytes / 2 * WriteLog.SectorBytes);
                yield return new PartitionState(i, CutLeaves.HalfOfTheLast, everything);
            }
            Apply(i, everything);
            yield return new PartitionState(i, CutLeaves.Everything, everything);
            pending.Add(i);
            if (!entry.Flags.HasFlag(WriteLogFlags.WriteThrough))
                continue;
            Apply(i, flushed);
            yield return new PartitionState(i, CutLeaves.WhatWasFlushed, flushed);
        }
    }

    private bool IsInside(WriteLogEntry entry) => entry.Bytes > 0 && entry.DiskOffset >= partition.StartBytes && entry.DiskOffset < partition.StartBytes + partition.SizeBytes;

    private void Apply(int index, byte[] target, long? onlyBytes = null)
    {
        var entry = log.Entries[index];
        var place = target.AsSpan((int)(entry.DiskOffset - partition.StartBytes), (int)entry.Bytes);
        if (entry.Flags.HasFlag(WriteLogFlags.Discard))
            place.Clear();
        else
            log.Content(index).AsSpan(0, (int)(onlyBytes ?? entry.Bytes)).CopyTo(place);
    }
}
