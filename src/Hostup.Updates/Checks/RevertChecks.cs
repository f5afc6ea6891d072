using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Checks;

/// <summary>
/// What is looked at before a device is taken back to the OS in its spare slot. Not asked for is what an OS that is to be left may lack: an engine that
/// answers, a clock, a newer version.
/// </summary>
internal static class RevertChecks
{
    /// <summary>Runs every check; none is left out because another one failed.</summary>
    public static async ValueTask<IReadOnlyList<CheckResult>> EvaluateAsync(StepContext update, DeviceFacts facts, CancellationToken ct)
    {
        var boot = await ReadAsync(update, ct).ConfigureAwait(false);
        return
        [
            DeviceChecks.OtherUpdate(facts),
            .. DeviceChecks.Slots(facts),
            new CheckResult(HostupErrors.OldOs.Id, HostupErrors.OldOs, boot.Fault is null, boot.Fault ?? $"{update.Plan.ToVersion} on {update.Plan.ToSlot}", boot.Fault is null ? "" : "update to the release that is wanted: `hostup update start`"),
            DeviceChecks.BootEnvironment(facts),
            DeviceChecks.TrialPending(facts),
            PowerCheck.Evaluate(facts.Supplies),
            PolicyCheck.Evaluate(update.Plan.Policy),
            .. DeviceChecks.BootSlot(boot.Set, boot.SlotFault),
            DeviceChecks.BootSpace(facts, boot.Need),
            DeviceChecks.StateSpace(facts.StateFree),
        ];
    }

    private static async ValueTask<SpareBootFiles> ReadAsync(StepContext update, CancellationToken ct)
    {
        try
        {
            var slot = await update.Device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
            await using var _ = slot.ConfigureAwait(false);
            var (files, source) = (update.Device.Files, slot.Path + Places.OwnBootFiles);
            var keptBack = KeptBack.Of(update.Release, update.Device.Boot);
            var need = new BootPartition(files, update.Device.Power.BootId).Need(source, keptBack, update.Plan.FromPartition, update.Plan.ToPartition);
            var paths = files.ListFiles(source);
            // Only where it has files of one slot does it matter what the others are.
            IReadOnlyList<BootFile> set = !SlotBootFiles.AreIn(paths) ? [] :
                [.. paths.Select(p => new BootFile(p, files.Length($"{source}/{p}") ?? 0, Digest.FromHash(files.Hash($"{source}/{p}", HashAlgorithmName.SHA256))))];
            // Raw areas stay as they are.
            return new SpareBootFiles(need, set, new SlotBootFiles(files, update.Plan.FromPartition).FaultOf(set, keptBack, areasDiffer: false), null);
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            return new SpareBootFiles(new BootFilesNeed(0, 0), [], null, (e as HostupException)?.Why ?? e.Message);
        }
    }

    /// <param name="Need">What the boot files of the slot ask of the boot partition.</param>
    /// <param name="Set">They, where there are files of one slot among them; else empty.</param>
    /// <param name="SlotFault">Why the boot loader might not come back to the running root; null: it can.</param>
    /// <param name="Fault">Why they cannot be read; null: they can.</param>
    private sealed record SpareBootFiles(BootFilesNeed Need, IReadOnlyList<BootFile> Set, string? SlotFault, string? Fault);
}
