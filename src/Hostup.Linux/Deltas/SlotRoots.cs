using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Delta;
using Hostup.Delta.Applying;
using Hostup.Linux.RootTrees;
using Hostup.Updates.Slots;

namespace Hostup.Linux.Deltas;

/// <summary>The slots of this machine. The one that runs is mounted once more, read-only, seen by this process only: by its own files, whatever is mounted over them.</summary>
/// <param name="slots">The slots.</param>
/// <param name="running">Tells the tree digest of the one that runs; null: it is not known.</param>
/// <param name="spare">Where the spare is mounted while it is written.</param>
public sealed class SlotRoots(ISlots slots, Func<CancellationToken, ValueTask<Digest?>> running, string spare) : IDeltaRoots
{
    /// <inheritdoc/>
    public ValueTask<Digest?> RunningAsync(CancellationToken ct) => running(ct);

    /// <inheritdoc/>
    public async ValueTask<IOpenRoots> OpenAsync(CancellationToken ct)
    {
        try
        {
            return await MountAsync(ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            throw new HostupException(HostupErrors.DeltaOld, "cannot apply a delta", $"the running system cannot be read: {(e as HostupException)?.Why ?? e.Message}", "check the storage of the device; the whole image is fetched in its place", e);
        }
    }

    private async ValueTask<Open> MountAsync(CancellationToken ct)
    {
        var mounted = await slots.OpenRunningForReadingAsync(ct).ConfigureAwait(false);
        try
        {
            return new Open(mounted, await DirectoryTree.ListAsync(mounted.Path, ct).ConfigureAwait(false), spare);
        }
        catch
        {
            await mounted.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private sealed class Open(IMountedSlot mounted, DirectoryTree tree, string spare) : IOpenRoots
    {
        public IDeltaTree Running => tree;

        public DeltaPlace Spare { get; } = new(spare, path => OpenNew(spare, path));

        public async ValueTask DisposeAsync()
        {
            tree.Dispose();
            await mounted.DisposeAsync().ConfigureAwait(false);
        }

        /// <summary>No directory stays open: the spare is unmounted when it is written.</summary>
        private static IDeltaContent OpenNew(string spare, TreePath path)
        {
            using var files = new DirectoryFiles(spare);
            return files.Open(path);
        }
    }
}
