using Hostup.Core.Errors;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Steps;

/// <summary>
/// Brings the release's root tree onto the spare slot: the sources are tried in order, the slot is formatted when the first part of one has
/// arrived whole, then written, flushed, unmounted and read back from the medium. Only the signed tree digest decides that it is right.
/// </summary>
public sealed class WriteSlot : IStep
{
    /// <inheritdoc/>
    public string Name => "write-slot";

    /// <inheritdoc/>
    public string State => AttemptStates.Downloading;

    /// <inheritdoc/>
    public HostupErrorCode FileError => HostupErrors.SlotWrite;

    /// <summary>The content stays, but after a reboot it is read again before it counts.</summary>
    public bool OutlivesReboot => false;

    /// <inheritdoc/>
    public async ValueTask<StepResult> DoAsync(StepContext update, CancellationToken ct)
    {
        // An earlier try, or an earlier attempt for the same release, may have got this far.
        if (SpareContent.MayBe(update.Device.Files, update.Device.Slots.SpareFileSystem(), update.Release.TreeDigest)
            && await update.Device.Slots.ReadSpareTreeAsync(done => Verifying(update, done), ct).ConfigureAwait(false) == update.Release.TreeDigest)
            return new StepResult("slot");

        var tried = new List<HostupException>();
        var sources = update.Sources();
        foreach (var source in sources)
        {
            update.HonourCancel();
            try
            {
                await WriteFromAsync(source, update, ct).ConfigureAwait(false);
                return new StepResult(source.Name, [.. sources.Select(s => s.Bytes)]);
            }
            catch (HostupException e) when (IsOfTheSource(e))
            {
                tried.Add(e);
                update.Progress.Report(State, 0, 0, $"source {source.Name}: {e.Message}");
            }
        }
        throw tried is [var only] ? only : new HostupException(
            HostupErrors.AllSources, $"cannot get release {update.Release.Version}", string.Join("; ", tried.Select(e => e.Message)), "make the server or a fallback registry reachable, then start the update again");
    }

    /// <summary>Nothing to take back: what is on the spare harms nobody and may save the next download.</summary>
    public ValueTask UndoAsync(StepContext update, CancellationToken ct) => default;

    private static async ValueTask WriteFromAsync(IHostAppSource source, StepContext update, CancellationToken ct)
    {
        var slots = update.Device.Slots;
        var reader = await source.OpenAsync(update.Release, ct).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            SpareContent.Forget(update.Device.Files);
            new SlotSupervisor(update.Device).Forget();
            await slots.FormatSpareAsync(update.Release.Root, update.Plan.FileSystem, ct).ConfigureAwait(false);
            var writer = await slots.OpenSpareForWritingAsync(ct).ConfigureAwait(false);
            await using var _ = writer.ConfigureAwait(false);
            await CopyAsync(reader, writer, source, update, ct).ConfigureAwait(false);
            await writer.FinishAsync(ct).ConfigureAwait(false);
        }
        SpareContent.Remember(update.Device.Files, update.Plan.FileSystem, update.Release.TreeDigest);
        var found = await slots.ReadSpareTreeAsync(done => Verifying(update, done), ct).ConfigureAwait(false);
        if (found != update.Release.TreeDigest)
            throw new HostupException(
                HostupErrors.SlotMismatch, $"cannot use slot {slots.Spare.Label}", $"it reads back as {found?.ToString() ?? "nothing"}, the release says {update.Release.TreeDigest}", "check the storage of the device; if other devices say the same, sign the release again");
    }

    private static async ValueTask CopyAsync(ITreeReader reader, ISlotWriter writer, IHostAppSource source, StepContext update, CancellationToken ct)
    {
        var budget = new ContentBudget(update.Release);
        while (await reader.NextAsync(ct).ConfigureAwait(false) is { } entry)
        {
            update.HonourCancel();
            budget.Take(entry);
            await writer.WriteAsync(entry, reader, ct).ConfigureAwait(false);
            update.Progress.Report(AttemptStates.Downloading, source.Bytes.Received, update.Release.Image.DownloadBytes, source.Name);
        }
    }

    private static void Verifying(StepContext update, long done)
    {
        update.HonourCancel();
        update.Progress.Report(AttemptStates.Verifying, done, update.Release.Root.ContentBytes, null);
    }

    // A fault of the device is the same with every source; a fault of the link, the server or the content is not.
    private static bool IsOfTheSource(HostupException e) =>
        e.Code == HostupErrors.Link || e.Code == HostupErrors.ServerBusy || e.Code == HostupErrors.NotFound || e.Code == HostupErrors.Unauthorized
        || e.Code == HostupErrors.RegistryAnswer || e.Code == HostupErrors.DigestMismatch || e.Code == HostupErrors.BadImage || e.Code == HostupErrors.SlotMismatch;
}
