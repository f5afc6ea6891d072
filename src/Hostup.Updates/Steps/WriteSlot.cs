using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Sources;

namespace Hostup.Updates.Steps;

/// <summary>
/// Brings the release's root tree onto the spare slot: the sources are tried in order, each goes on where the one before it stopped; the
/// slot is formatted when the first part of one has arrived whole, then written, flushed, unmounted and read back from the medium. Only the
/// signed tree digest decides that it is right.
/// </summary>
public sealed class WriteSlot : IStep
{
    /// <summary>Its name.</summary>
    public const string StepName = "write-slot";

    /// <inheritdoc/>
    public string Name => StepName;

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
            && await SlotReadBack.ComputeAsync(update, ct).ConfigureAwait(false) == update.Release.TreeDigest)
            return new StepResult("slot");

        var terms = new AttemptTerms(update, $"release {update.Release.Version}", AttemptStates.Downloading);
        var (clock, fetching, isWhole) = (update.Device.Clock, TimeSpan.Zero, SpareWrite.Known(update) is null);
        var brought = await new SourceChain<IHostAppSource>(terms, update.Sources).RunAsync(TimedAsync, ct).ConfigureAwait(false);
        return new StepResult(brought.Name) { Fetching = isWhole ? fetching : null };

        async ValueTask<SourceTry> TimedAsync(IHostAppSource source, CancellationToken token)
        {
            var began = clock.Elapsed;
            var done = await TryAsync(source, update, terms, token).ConfigureAwait(false);
            fetching += clock.Elapsed - began;
            return done;
        }
    }

    /// <summary>Nothing to take back: what is on the spare harms nobody and may save the next download.</summary>
    public ValueTask<IOException?> UndoAsync(StepContext update, CancellationToken ct) => default;

    /// <summary>One try. What turns out wrong although it was continued is written once more from the beginning: the digest decides, not what was remembered.</summary>
    private static async ValueTask<SourceTry> TryAsync(IHostAppSource source, StepContext update, AttemptTerms terms, CancellationToken ct)
    {
        while (true)
        {
            var write = new SpareWrite(update, terms, source);
            try
            {
                await write.WriteAsync(ct).ConfigureAwait(false);
                await SlotReadBack.RequireAsync(update, ct).ConfigureAwait(false);
                return new SourceTry(null, write.Advanced, write.Arrived);
            }
            catch (HostupException e) when (SourceFaults.Of(e) == SourceFault.Content && source.HasAnotherWay)
            {
                terms.Tell(terms.State, $"source {source.Name}: {e.Message}");
            }
            catch (HostupException e) when (SourceFaults.Of(e) == SourceFault.Content)
            {
                // Also without a fault of the source: nothing that is wrong is gone on with.
                bool again = SpareWrite.Known(update) is not null && write.WentOn;
                if (e.Code == HostupErrors.SlotMismatch || e.Code == HostupErrors.BadImage)
                {
                    SpareProgress.Forget(update.Device.Files);
                    update.Account.Discard(update.Sources);
                }
                if (e.Code != HostupErrors.SlotMismatch || !(again || write.Misremembered))
                    return new SourceTry(e, write.Advanced, write.Arrived);
            }
            catch (HostupException e) when (SourceFaults.Of(e) != SourceFault.Device)
            {
                return new SourceTry(e, write.Advanced, write.Arrived);
            }
        }
    }
}
