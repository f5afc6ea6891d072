using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Tests.Steps;

/// <summary>Content that is far more than was signed ends the attempt before the device has worked on it.</summary>
public sealed class ContentBudgetTests
{
    [Theory]
    [InlineData(1, 1L << 60, "far more than")]
    [InlineData(3, 600L << 20, "far more than")]
    [InlineData(RootTree.MaxEntries + 1, 0, "2000000 entries")]
    public async Task An_image_that_outgrows_what_was_signed_is_refused_and_the_old_os_runs_on(int entries, long bytesEach, string reason)
    {
        var old = SimRelease.Make("2.100.0", SimBehaviour.Good);
        var device = new SimDevice(old, SimRelease.Make("2.101.0", SimBehaviour.Good)) { Sources = [new Flood(entries, bytesEach)] };

        await device.RunAsync();

        var end = new AttemptJournal(device.Files).Read()[^1];
        Assert.Equal((AttemptStates.Failed, "bad-image"), (end.Outcome, end.Code));
        Assert.Contains(reason, device.End!.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(old, device.RunningRelease);
    }

    /// <summary>Files of one name whose content is announced and never given.</summary>
    private sealed class Flood(int entries, long bytesEach) : IHostAppSource, IPlacedTreeReader
    {
        private static readonly TreePath Path = TreePath.Parse("huge");
        private long _left;
        private int _given;

        public string Name => "registry";

        public CauseBytes Bytes => new("registry", 0, 0);

        public ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct) => default;

        public string Host => "registry";

        public CauseBytes Retried => new("retried", 0, 0);

        public void Discard()
        {
        }

        public TreePlace? Place => null;

        public ValueTask SkipAsync(long bytes, CancellationToken ct) => default;

        public ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct) => ValueTask.FromResult<IPlacedTreeReader>(this);

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            _left = bytesEach;
            return ValueTask.FromResult(_given++ < entries ? new TreeEntry { Path = Path, Kind = bytesEach == 0 ? TreeEntryKind.Fifo : TreeEntryKind.File, Size = bytesEach } : null);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int read = (int)Math.Min(buffer.Length, _left);
            _left -= read;
            return ValueTask.FromResult(read);
        }

        public ValueTask DisposeAsync() => default;
    }
}
