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
    /// <summary>Where the spare is mounted while it is written or read.</summary>
    public const string MountPoint = "/run/hostup/spare";

    private const string RunningMountPoint = "/run/hostup/running";
    private readonly Lazy<(Slot Running, Slot Spare)> _found = new(() => (devices ?? new BlockDevices("/sys", MountTable.Read())).Find());

    /// <inheritdoc/>
    public Slot Running => _found.Value.Running;

    /// <inheritdoc/>
    public Slot Spare => _found.Value.Spare;

    /// <inheritdoc/>
    public Guid? SpareFileSystem() => Ext4.ReadUuid(Spare.Device);

    /// <inheritdoc/>
    public Guid? RunningFileSystem() => Ext4.ReadUuid(Running.Device);

    /// <inheritdoc/>
    public async ValueTask<Digest> ReadRunningTreeAsync(Action<long> progress, CancellationToken ct)
    {
        var mounted = await OpenRunningForReadingAsync(ct).ConfigureAwait(false);
        await using var _ = mounted.ConfigureAwait(false);
        long done = 0;
        return await TreeDigestOfDirectory.ComputeAsync(mounted.Path, count => progress(done += count), ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<IMountedSlot> OpenRunningForReadingAsync(CancellationToken ct)
    {
        Directory.CreateDirectory(RunningMountPoint);
        if (MountTable.Read().Any(m => m.MountPoint == RunningMountPoint))
            _ = FileCalls.Unmount(RunningMountPoint, FileCalls.UnmountDetach);
        // The kernel refuses this beside a root that is mounted for writing; its mount alone, without those below it, shows the same files.
        if (FileCalls.Mount(Running.Device, RunningMountPoint, "ext4", FileCalls.MountNoAccessTimes | FileCalls.MountReadOnly, null) != 0
            && (FileCalls.Mount("/", RunningMountPoint, null, FileCalls.MountBind, null) != 0
                || FileCalls.Mount("/", RunningMountPoint, null, FileCalls.MountBind | FileCalls.MountRemount | FileCalls.MountReadOnly, null) != 0))
            throw FileCalls.LastError($"cannot mount {Running.Device} once more");
        return ValueTask.FromResult<IMountedSlot>(new MountedReader(RunningMountPoint, FileCalls.UnmountDetach));
    }

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
        return ValueTask.FromResult<IMountedSlot>(new MountedReader(MountPoint, 0));
    }

    private void Mount(bool readOnly)
    {
        Directory.CreateDirectory(MountPoint);
        if (MountTable.Read().Any(m => m.MountPoint == MountPoint))
            Unmount();
        if (FileCalls.Mount(Spare.Device, MountPoint, "ext4", FileCalls.MountNoAccessTimes | (readOnly ? FileCalls.MountReadOnly : 0), null) != 0)
            throw new HostupException(HostupErrors.SlotWrite, $"cannot mount slot {Spare.Label}", FileCalls.LastError(Spare.Device).Message, "start the update again; the slot is formatted anew");
    }

    private static void Unmount(string mountPoint = MountPoint, int how = 0)
    {
        if (FileCalls.Unmount(mountPoint, how) != 0)
            throw FileCalls.LastError($"cannot unmount {mountPoint}");
    }

    private sealed class MountedReader(string mountPoint, int how) : IMountedSlot
    {
        public string Path => mountPoint;

        public ValueTask DisposeAsync()
        {
            Unmount(mountPoint, how);
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
