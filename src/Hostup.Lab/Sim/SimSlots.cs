using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Updates.Slots;

namespace Hostup.Lab.Sim;

/// <summary>The root partitions of a simulated device.</summary>
public sealed class SimSlots(SimDevice device) : ISlots
{
    /// <summary>Why the slots cannot be told; null: they can.</summary>
    public HostupException? Fault { get; set; }

    /// <summary>Size of each slot.</summary>
    public long SizeBytes { get; set; } = 64 << 20;

    /// <summary>What this device's mke2fs knows.</summary>
    public IReadOnlyList<string> KnownFeatures { get; set; } = new RootFileSystem { ContentBytes = 0, SpaceBytes = 0, Entries = 0 }.Ext4Features;

    /// <summary>Told of each block: the file, and all of it that is there now.</summary>
    public Action<string, ReadOnlyMemory<byte>> Written { get; set; } = (_, _) => { };

    public Slot Running => Fault is null ? Describe(device.RunningSlot) : throw Fault;

    public Slot Spare => Fault is null ? Describe(device.SpareSlot) : throw Fault;

    public Guid? SpareFileSystem() => device.SpareSlot.Uuid;

    public Guid? RunningFileSystem() => device.RunningSlot.Uuid;

    public ValueTask<Digest> ReadRunningTreeAsync(Action<long> progress, CancellationToken ct)
    {
        progress(0);
        return ValueTask.FromResult(device.RunningSlot.TreeDigest ?? throw new IOException("the running slot has no file system"));
    }

    public ValueTask<IMountedSlot> OpenRunningForReadingAsync(CancellationToken ct) => ValueTask.FromResult<IMountedSlot>(new Mounted());

    public ValueTask<string?> FormatFaultAsync(RootFileSystem format, CancellationToken ct) =>
        ValueTask.FromResult(format.Ext4Features.Except(KnownFeatures).FirstOrDefault() is { } unknown ? $"Invalid filesystem option set: {unknown}" : null);

    public ValueTask FormatSpareAsync(RootFileSystem format, Guid uuid, CancellationToken ct)
    {
        device.MustNotInterfere("the spare slot is formatted");
        device.Power.Effect("wipe spare");
        device.SpareSlot.Wipe();
        device.Power.Effect("format spare");
        device.SpareSlot.Format(uuid);
        return default;
    }

    public ValueTask<ISlotWriter?> OpenSpareForWritingAsync(long? state, CancellationToken ct)
    {
        device.Files.OpenedForWriting.Add(SimFiles.SpareMount);
        return ValueTask.FromResult<ISlotWriter?>(device.SpareSlot.Files is { } files && files.Count >= (state ?? 0) ? new Writer(device) : null);
    }

    public ValueTask<Digest?> ReadSpareTreeAsync(Action<long> progress, CancellationToken ct)
    {
        progress(0);
        return ValueTask.FromResult(device.SpareSlot.TreeDigest);
    }

    public ValueTask<IMountedSlot> OpenSpareForReadingAsync(CancellationToken ct) => ValueTask.FromResult<IMountedSlot>(new Mounted());

    private Slot Describe(SimSlot slot) => new(slot.Label, slot.PartitionNumber, $"/dev/sim{slot.PartitionNumber}", SizeBytes);

    private sealed class Mounted : IMountedSlot
    {
        public string Path => SimFiles.SpareMount;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Writer(SimDevice device) : ISlotWriter
    {
        // A disk takes a file in blocks; a large one in eight, a huge one in as many as the real writer, which end where frames of deltas do,
        // and what is larger than any file here in few: each block is a copy of all before it.
        private const int BlockBytes = 2000;
        private const int LargestBlockBytes = 256 << 10;
        private const int MostBlocks = 32;

        public async ValueTask WriteAsync(TreeEntry entry, ITreeReader content, long from, Func<long, ValueTask> written, CancellationToken ct)
        {
            device.MustNotInterfere("the spare slot is written");
            if (entry.Kind != TreeEntryKind.File)
                return; // the simulated tree is its files
            var files = device.SpareSlot.Files ?? throw new IOException("the spare has no file system");
            string path = Encoding.UTF8.GetString(entry.Path.Bytes);
            byte[] bytes = from > 0 ? files[path][..(int)from] : [];
            long blockBytes = Math.Clamp(entry.Size / 8, BlockBytes, Math.Max(LargestBlockBytes, entry.Size / MostBlocks));
            do
            {
                byte[] block = new byte[Math.Min(blockBytes, entry.Size - bytes.Length)];
                for (int read = 0; read < block.Length;)
                    read += await content.ReadAsync(block.AsMemory(read), ct) is > 0 and var count ? count : throw new InvalidOperationException("bug: content ends early");
                device.Power.Effect($"write {entry.Path} to spare");
                files[path] = bytes = [.. bytes, .. block];
                device.Slots.Written(path, bytes);
                if (bytes.Length < entry.Size)
                    await written(bytes.Length);
            }
            while (bytes.Length < entry.Size);
        }

        public ValueTask<long> FlushAsync(bool whole, CancellationToken ct)
        {
            device.Power.Effect("flush spare");
            device.SpareSlot.Flush();
            return ValueTask.FromResult((long)device.SpareSlot.Files!.Count);
        }

        public ValueTask FinishAsync(CancellationToken ct)
        {
            device.Power.Effect("flush spare");
            device.SpareSlot.Flush();
            return default;
        }

        public ValueTask DisposeAsync() => default;
    }
}
