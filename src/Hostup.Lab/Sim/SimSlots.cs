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

    public Slot Running => Fault is null ? Describe(device.RunningSlot) : throw Fault;

    public Slot Spare => Fault is null ? Describe(device.SpareSlot) : throw Fault;

    public Guid? SpareFileSystem() => device.SpareSlot.Uuid;

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

    public ValueTask<ISlotWriter> OpenSpareForWritingAsync(CancellationToken ct)
    {
        device.Files.OpenedForWriting.Add(SimFiles.SpareMount);
        return ValueTask.FromResult<ISlotWriter>(new Writer(device));
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
        public async ValueTask WriteAsync(TreeEntry entry, ITreeReader content, CancellationToken ct)
        {
            device.MustNotInterfere("the spare slot is written");
            byte[] bytes = new byte[entry.Size];
            for (int read = 0; read < bytes.Length;)
            {
                int count = await content.ReadAsync(bytes.AsMemory(read), ct);
                read += count > 0 ? count : throw new InvalidOperationException("bug: content ends early");
            }
            device.Power.Effect($"write {entry.Path} to spare");
            (device.SpareSlot.Files ?? throw new IOException("the spare has no file system"))[Encoding.UTF8.GetString(entry.Path.Bytes)] = bytes;
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

/// <summary>A release's files as a stream of tree entries; can break off as a link does.</summary>
public sealed class SimSource(string name, SimRelease content, int breakAfterEntries = int.MaxValue, bool corrupt = false) : Updates.Ports.IHostAppSource
{
    private long _received;

    public string Name => name;

    /// <summary>Whether it answers, but does not have the image.</summary>
    public bool Missing { get; init; }

    public Core.Wire.CauseBytes Bytes => new(name, _received, 0);

    public ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct) => Fault is null ? default : throw Fault;

    public ValueTask<ITreeReader> OpenAsync(ReleaseManifest release, CancellationToken ct) => Fault is not null
        ? throw Fault
        : ValueTask.FromResult<ITreeReader>(new Reader(this, content));

    private sealed class Reader(SimSource source, SimRelease release) : ITreeReader
    {
        private readonly Queue<KeyValuePair<string, byte[]>> _left = new(release.Files);
        private int _entries;
        private byte[] _content = [];
        private int _at;

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (_entries++ >= source.BreakAfter)
                throw new HostupException(HostupErrors.Link, "cannot read the image", "connection reset", "check the link");
            if (!_left.TryDequeue(out var file))
                return ValueTask.FromResult<TreeEntry?>(null);
            _content = source.Corrupts && _left.Count == 0 ? [.. file.Value.Select(b => (byte)~b)] : file.Value;
            _at = 0;
            source._received += _content.Length;
            return ValueTask.FromResult<TreeEntry?>(new TreeEntry { Path = TreePath.Parse(file.Key), Kind = TreeEntryKind.File, Mode = 420, Size = _content.Length });
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int count = Math.Min(buffer.Length, _content.Length - _at);
            _content.AsMemory(_at, count).CopyTo(buffer);
            _at += count;
            return ValueTask.FromResult(count);
        }

        public ValueTask DisposeAsync() => default;
    }

    private HostupException? Fault =>
        Missing ? new(HostupErrors.NotFound, $"cannot find the image at {name}", "404 Not Found", "push the image")
        : breakAfterEntries == 0 ? new(HostupErrors.Link, $"cannot reach {name}", "connection refused", "check the link")
        : null;

    private int BreakAfter => breakAfterEntries;

    private bool Corrupts => corrupt;
}
