using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;

namespace Hostup.Updates.Steps;

/// <summary>Reads the spare slot back from the medium: only the signed tree digest says that it is right.</summary>
internal static class SlotReadBack
{
    /// <summary>Own choice: after this much waiting somebody may have written to the spare.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(10);

    /// <summary>Whether the slot was read back so long ago that it is to be done again.</summary>
    public static bool IsOld(StepContext update) =>
        new AttemptJournal(update.Device.Files).Read().LastOrDefault(r => r.Verb == JournalVerb.Done && r.Step == (update.Plan.Revert ? CheckDevice.StepName : WriteSlot.StepName)) is not { } done
        || (update.Device.Clock.Now - done.At).Duration() > GoodFor;

    /// <summary>Computes the digest; null when the spare has no file system that can be mounted.</summary>
    public static ValueTask<Digest?> ComputeAsync(StepContext update, CancellationToken ct) => update.Device.Slots.ReadSpareTreeAsync(
        done =>
        {
            update.HonourCancel();
            update.Progress.Report(AttemptStates.Verifying, done, update.Release.Root.ContentBytes, null);
        }, ct);

    /// <summary>Refuses a slot that is not what was signed.</summary>
    /// <exception cref="HostupException"><c>slot-mismatch</c>; before a revert <c>old-os</c>.</exception>
    public static async ValueTask RequireAsync(StepContext update, CancellationToken ct)
    {
        if (await ComputeAsync(update, ct).ConfigureAwait(false) is var found && found != update.Release.TreeDigest)
            throw update.Plan.Revert ? Changed(update, found) : new HostupException(
                HostupErrors.SlotMismatch, $"cannot use slot {update.Device.Slots.Spare.Label}", $"it reads back as {found?.ToString() ?? "nothing"}, the release says {update.Release.TreeDigest}", "check the storage of the device; if other devices say the same, sign the release again");
    }

    private static HostupException Changed(StepContext update, Digest? found) => new(
        HostupErrors.OldOs, $"cannot go back to {update.Plan.ToVersion}", $"slot {update.Plan.ToSlot} was changed since it was final: it reads back as {found?.ToString() ?? "nothing"}, not as {update.Release.TreeDigest}",
        "update to the release that is wanted: `hostup update start`");
}
