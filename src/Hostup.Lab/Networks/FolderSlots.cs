using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Linux.RootTrees;
using Hostup.Updates.Slots;

namespace Hostup.Lab.Networks;

/// <summary>A spare slot that is a folder: real files and real flushes without a partition. Needs root, as every tree does.</summary>
/// <param name="folder">Holds <c>tree</c>, and <c>uuid</c> beside it.</param>
public sealed class FolderSlots(string folder) : ISlots
{
    /// <summary>Whether the caches of this machine are dropped before it is read back, as a device drops those of its slot.</summary>
    public bool DropsCaches { get; init; }

    private string Tree => Path.Combine(folder, "tree");

    private string Uuid => Path.Combine(folder, "uuid");

    public Slot Running { get; } = new("resin-rootA", 2, "/dev/none2", 1L << 30);

    public Slot Spare { get; } = new("resin-rootB", 3, "/dev/none3", 1L << 30);

    public Guid? SpareFileSystem() => File.Exists(Uuid) ? Guid.Parse(File.ReadAllText(Uuid)) : null;

    /// <summary>Where the tree that runs lies; it may be missing.</summary>
    public string RunningTree { get => field ?? Path.Combine(folder, "running"); init; }

    public Guid? RunningFileSystem() => Directory.Exists(RunningTree) ? Guid.Empty : null;

    public async ValueTask<Digest> ReadRunningTreeAsync(Action<long> progress, CancellationToken ct) => await TreeDigestOfDirectory.ComputeAsync(RunningTree, count => progress(count), ct);

    public ValueTask<IMountedSlot> OpenRunningForReadingAsync(CancellationToken ct) => ValueTask.FromResult<IMountedSlot>(new Mounted(RunningTree));

    public ValueTask<string?> FormatFaultAsync(RootFileSystem format, CancellationToken ct) => ValueTask.FromResult<string?>(null);

    public ValueTask FormatSpareAsync(RootFileSystem format, Guid uuid, CancellationToken ct)
    {
        File.Delete(Uuid);
        if (Directory.Exists(Tree))
            Directory.Delete(Tree, recursive: true);
        Directory.CreateDirectory(Tree);
        File.WriteAllText(Uuid, uuid.ToString());
        return default;
    }

    public ValueTask<ISlotWriter?> OpenSpareForWritingAsync(long? state, CancellationToken ct)
    {
        var writer = new Writer(Tree);
        if (state is null || writer.GoOn(state.Value))
            return ValueTask.FromResult<ISlotWriter?>(writer);
        writer.Dispose();
        return ValueTask.FromResult<ISlotWriter?>(null);
    }

    public async ValueTask<Digest?> ReadSpareTreeAsync(Action<long> progress, CancellationToken ct)
    {
        if (DropsCaches)
            await LoopMedium.DropCachesAsync(ct);
        return Directory.Exists(Tree) ? await TreeDigestOfDirectory.ComputeAsync(Tree, count => progress(count), ct) : null;
    }

    public ValueTask<IMountedSlot> OpenSpareForReadingAsync(CancellationToken ct) => ValueTask.FromResult<IMountedSlot>(new Mounted(Tree));

    private sealed class Mounted(string path) : IMountedSlot
    {
        public string Path => path;

        public ValueTask DisposeAsync() => default;
    }

    private sealed class Writer(string tree) : ISlotWriter, IDisposable
    {
        private readonly SlotTreeWriter _writer = new(tree);

        public bool GoOn(long state) => _writer.GoOn(state);

        public ValueTask WriteAsync(TreeEntry entry, ITreeReader content, long from, Func<long, ValueTask> written, CancellationToken ct) => _writer.WriteAsync(entry, content, from, written, ct);

        public ValueTask<long> FlushAsync(bool whole, CancellationToken ct) => ValueTask.FromResult(_writer.Flush(whole, ct));

        public async ValueTask FinishAsync(CancellationToken ct) => await _writer.FinishAsync(ct);

        public void Dispose() => _writer.Dispose();

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
