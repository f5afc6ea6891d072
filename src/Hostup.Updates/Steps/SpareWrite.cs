using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Sources;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Steps;

/// <summary>
/// Writes the image from one source to the spare, from where an earlier try stands. Now and then it makes what was written durable and
/// only then says so: a checkpoint never tells of more than is there.
/// </summary>
internal sealed class SpareWrite(StepContext update, IFetchTerms terms, IHostAppSource source)
{
    /// <summary>What a server says when it has nothing to give is shorter.</summary>
    private const long WorthATry = 16 << 10;

    /// <summary>A window that closes may be overstepped by this.</summary>
    private static readonly TimeSpan PolicyLook = TimeSpan.FromSeconds(30);

    /// <summary>What a process that is killed has not kept is outside the budget.</summary>
    private const long KeepEach = 256 << 10;

    private TimeSpan _lookedAt = update.Device.Clock.Elapsed;

    private readonly TryPace _pace = new(terms);
    private readonly long _receivedAtStart = source.Bytes.Received;
    private long _receivedAtCheckpoint;
    private long _receivedAtKeep;
    private (TreePlace? Place, long FileBytes) _written;
    private (TreePlace? Place, long FileBytes) _saved;

    /// <summary>Whether something became durable.</summary>
    public bool Advanced { get; private set; }

    /// <summary>Whether so much arrived, and in such a time, that the next try is worth it; of a layer that it begins anew nothing counts, that is retried.</summary>
    public bool Arrived => source.Bytes.Received - _receivedAtStart is >= WorthATry and var came && _pace.IsEnough(came);

    /// <summary>Whether it began behind content of an earlier try.</summary>
    public bool WentOn { get; private set; }

    /// <summary>Whether what was remembered of the spare turned out not to be there.</summary>
    public bool Misremembered { get; private set; }

    /// <summary>Writes to the end: the tree is whole and durable, and remembered, when it returns.</summary>
    public async ValueTask WriteAsync(CancellationToken ct)
    {
        var slots = update.Device.Slots;
        var known = Known(update);
        using var watch = new FetchWatch(update.Device.Clock, HonourAsync, ct);
        var begun = watch.Over(await watch.AwaitAsync(token => source.OpenAsync(update.Release, known?.Place, token)).ConfigureAwait(false));
        await using var reader = begun.ConfigureAwait(false);
        if (begun.BeganAnew)
        {
            // What others brought cannot be gone on with here.
            update.Account.Discard([.. update.Sources.Where(s => s != source)]);
            known = null;
        }
        var writer = known is null ? null : await slots.OpenSpareForWritingAsync(known.WriterState, ct).ConfigureAwait(false);
        WentOn = writer is not null;
        new SlotSupervisor(update.Device).Forget();
        if (writer is null)
        {
            if (known is not null)
            {
                // What was remembered is not there: nothing is known now, and this reader stands in the middle.
                Misremembered = true;
                throw new HostupException(HostupErrors.SlotMismatch, $"cannot go on with slot {slots.Spare.Label}", "its content is not what was remembered of it", "it is written from the beginning");
            }
            SlotSystem.Forget(update.Device.Files, slots.Spare.PartitionNumber);
            SpareContent.Forget(update.Device.Files);
            SpareProgress.Forget(update.Device.Files);
            await slots.FormatSpareAsync(update.Release.Root, update.Plan.FileSystem, ct).ConfigureAwait(false);
            writer = await slots.OpenSpareForWritingAsync(null, ct).ConfigureAwait(false) ?? throw new InvalidOperationException("bug: a new file system cannot be written");
        }
        await using var _ = writer.ConfigureAwait(false);
        var fileSystem = known?.FileSystem ?? update.Plan.FileSystem;
        _written = _saved = (known?.Place ?? TreePlace.Start, known?.FileBytes ?? 0);
        try
        {
            await CopyAsync(begun, writer, known, fileSystem, ct).ConfigureAwait(false);
            _written = (begun.Place, 0);
        }
        catch (HostupException e) when ((SourceFaults.Of(e) != SourceFault.Device || e.Code == HostupErrors.Cancelled || e.Code == HostupErrors.Superseded || e.Code == HostupErrors.ByteBudget) && _written != _saved)
        {
            // What a cancelled attempt has is the next one's; a link that breaks again and again before a checkpoint is due must get on too.
            await CheckpointAsync(writer, fileSystem, whole: false, ct).ConfigureAwait(false);
            throw;
        }
        finally
        {
            // A delta reads files of the spare too, which is unmounted next.
            await begun.DisposeAsync().ConfigureAwait(false);
        }
        await CheckpointAsync(writer, fileSystem, whole: true, ct).ConfigureAwait(false);
        await writer.FinishAsync(ct).ConfigureAwait(false);
        SpareContent.Remember(update.Device.Files, fileSystem, update.Release.TreeDigest);
    }

    /// <summary>What an earlier try, of this or another attempt, left on the spare of this image; null: nothing.</summary>
    public static SpareProgress? Known(StepContext update) =>
        SpareProgress.Load(update.Device.Files) is { } known && known.Image == update.Release.Image.Digest && known.FileSystem == update.Device.Slots.SpareFileSystem() ? known : null;

    private async ValueTask CopyAsync(IPlacedTreeReader reader, ISlotWriter writer, SpareProgress? known, Guid fileSystem, CancellationToken ct)
    {
        _receivedAtCheckpoint = source.Bytes.Received;
        var budget = new ContentBudget(update.Release);
        for (bool first = true; await reader.NextAsync(ct).ConfigureAwait(false) is { } entry; first = false)
        {
            budget.Take(entry);
            long from = 0;
            if (first && known is { FileBytes: > 0 } partly && reader.Place == partly.Place)
                await reader.SkipAsync(from = partly.FileBytes, ct).ConfigureAwait(false);
            else
                await BetweenAsync(reader, writer, fileSystem, 0, ct).ConfigureAwait(false);
            await writer.WriteAsync(entry, reader, from, done => BetweenAsync(reader, writer, fileSystem, done, ct), ct).ConfigureAwait(false);
        }
    }

    /// <summary>Between two entries or two blocks of a file.</summary>
    private async ValueTask BetweenAsync(IPlacedTreeReader reader, ISlotWriter writer, Guid fileSystem, long fileBytes, CancellationToken ct)
    {
        _written = reader.PlaceAfter(fileBytes);
        await HonourAsync(ct).ConfigureAwait(false);
        if (IsCheckpointDue)
            await CheckpointAsync(writer, fileSystem, whole: false, ct).ConfigureAwait(false);
    }

    /// <summary>A frame of a delta stands for many times its bytes: each counts, and nothing between them. The first is the listing, which writes no content.</summary>
    private bool IsCheckpointDue => _written.Place is { Delta: not null } frame
        ? frame.Offset > 1 && _written != _saved
        : source.Bytes.Received - _receivedAtCheckpoint >= update.CheckpointBytes;

    /// <exception cref="HostupException"><c>cancelled</c>, <c>superseded</c>, <c>held</c>.</exception>
    private async ValueTask HonourAsync(CancellationToken ct)
    {
        update.HonourCancel();
        // Also while a part is awaited: at a low rate of the policy one takes longer than a silent process is let live.
        update.Progress.Report(AttemptStates.Downloading, source.Bytes.Received, source.BytesOf(update.Release), source.Name);
        if (Math.Abs(source.Bytes.Received - _receivedAtKeep) >= KeepEach)
        {
            update.Account.Save();
            _receivedAtKeep = source.Bytes.Received;
        }
        if (update.Device.Clock.Elapsed - _lookedAt < PolicyLook)
            return;
        _lookedAt = update.Device.Clock.Elapsed;
        if (await update.Hold.FetchAsync(ct).ConfigureAwait(false) is { } why)
            throw new HostupException(HostupErrors.Held, "cannot fetch now", why, "it goes on when the policy allows it");
    }

    private async ValueTask CheckpointAsync(ISlotWriter writer, Guid fileSystem, bool whole, CancellationToken ct)
    {
        if (_written.Place is not { } place)
            return;
        long state = await writer.FlushAsync(whole, ct).ConfigureAwait(false);
        new SpareProgress
        {
            FileSystem = fileSystem,
            Attempt = update.Plan.AttemptId,
            Image = update.Release.Image.Digest,
            Place = place,
            FileBytes = _written.FileBytes,
            WriterState = state,
        }.Save(update.Device.Files);
        update.Account.Save();
        _receivedAtCheckpoint = source.Bytes.Received;
        _saved = _written;
        Advanced = true;
    }
}
