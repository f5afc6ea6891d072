using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Linux.Files;
using Hostup.Linux.Processes;
using Hostup.Linux.RootTrees;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Slots;

/// <summary>The root partitions of the device this program runs on. Mounts are seen by this process only: its unit has PrivateMounts=yes.</summary>
/// <param name="commands">Runs mke2fs.</param>
/// <param name="devices">Where the partitions are looked for; null: on this machine.</param>
public sealed class LinuxSlots(CommandRunner commands, BlockDevices? devices = null) : ISlots
{
    private const string MountPoint = "/run/hostup/spare";
    private readonly Lazy<(Slot Running, Slot Spare)> _found = new(() => (devices ?? new BlockDevices("/sys", MountTable.Read())).Find());

    /// <inheritdoc/>
    public Slot Running => _found.Value.Running;

    /// <inheritdoc/>
    public Slot Spare => _found.Value.Spare;

    /// <inheritdoc/>
    public Guid? SpareFileSystem() => Ext4.ReadUuid(Spare.Device);

    /// <inheritdoc/>
    public ValueTask<string?> FormatFaultAsync(RootFileSystem format, CancellationToken ct) => Ext4.FaultAsync(commands, format, ct);

    /// <inheritdoc/>
    public ValueTask FormatSpareAsync(RootFileSystem format, Guid uuid, CancellationToken ct) => Ext4.MakeAsync(commands, Spare, format, uuid, ct);

    /// <inheritdoc/>
    public async ValueTask<ISlotWriter?> OpenSpareForWritingAsync(long? state, CancellationToken ct)
    {
        Mount(readOnly: false);
        var writer = new MountedWriter();
        if (state is null || writer.GoOn(state.Value))
            return writer;
        await writer.DisposeAsync().ConfigureAwait(false);
        return null;
    }

    /// <inheritdoc/>
    public async ValueTask<Digest?> ReadSpareTreeAsync(Action<long> progress, CancellationToken ct)
    {
        if (SpareFileSystem() is null)
            return null;
        BlockDevices.DropBuffers(Spare.Device);
        try
        {
            Mount(readOnly: true);
        }
        catch (HostupException)
        {
            return null; // no file system that can be mounted
        }
        try
        {
            long done = 0;
            return await TreeDigestOfDirectory.ComputeAsync(MountPoint, count => progress(done += count), ct).ConfigureAwait(false);
        }
        finally
        {
            Unmount();
        }
    }

    /// <inheritdoc/>
    public ValueTask<IMountedSlot> OpenSpareForReadingAsync(CancellationToken ct)
    {
        Mount(readOnly: true);
        return ValueTask.FromResult<IMountedSlot>(new MountedReader());
    }

    private void Mount(bool readOnly)
    {
        Directory.CreateDirectory(MountPoint);
        if (MountTable.Read().Any(m => m.MountPoint == MountPoint))
            Unmount();
        if (FileCalls.Mount(Spare.Device, MountPoint, "ext4", FileCalls.MountNoAccessTimes | (readOnly ? FileCalls.MountReadOnly : 0), null) != 0)
            throw new HostupException(HostupErrors.SlotWrite, $"cannot mount slot {Spare.Label}", FileCalls.LastError(Spare.Device).Message, "start the update again; the slot is formatted anew");
    }

    private static void Unmount()
    {
        if (FileCalls.Unmount(MountPoint, 0) != 0)
            throw FileCalls.LastError($"cannot unmount {MountPoint}");
    }

    private sealed class MountedReader : IMountedSlot
    {
        public string Path => MountPoint;

        public ValueTask DisposeAsync()
        {
            Unmount();
            return default;
        }
    }

    private sealed class MountedWriter : ISlotWriter
    {
        private readonly SlotTreeWriter _writer = new(MountPoint);
        private bool _mounted = true;

        public bool GoOn(long state) => _writer.GoOn(state);

        public ValueTask WriteAsync(TreeEntry entry, ITreeReader content, long from, Func<long, ValueTask> written, CancellationToken ct) => _writer.WriteAsync(entry, content, from, written, ct);

        public ValueTask<long> FlushAsync(bool whole, CancellationToken ct) => ValueTask.FromResult(_writer.Flush(whole, ct));

        public async ValueTask FinishAsync(CancellationToken ct)
        {
            await _writer.FinishAsync(ct).ConfigureAwait(false);
            _writer.Dispose();
            Unmount();
            _mounted = false;
        }

        public ValueTask DisposeAsync()
        {
            if (_mounted)
            {
                _writer.Dispose();
                Unmount();
            }
            return default;
        }
    }
}
