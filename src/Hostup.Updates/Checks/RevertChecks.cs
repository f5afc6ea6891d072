using Hostup.Core.Errors;
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
        var (need, fault) = await NeedAsync(update, ct).ConfigureAwait(false);
        return
        [
            DeviceChecks.OtherUpdate(facts),
            .. DeviceChecks.Slots(facts),
            new CheckResult(HostupErrors.OldOs.Id, HostupErrors.OldOs, fault is null, fault ?? $"{update.Plan.ToVersion} on {update.Plan.ToSlot}", fault is null ? "" : "update to the release that is wanted: `hostup update start`"),
            DeviceChecks.BootEnvironment(facts),
            DeviceChecks.TrialPending(facts),
            PowerCheck.Evaluate(facts.Supplies),
            PolicyCheck.Evaluate(update.Plan.Policy),
            DeviceChecks.BootSpace(facts, need),
            DeviceChecks.StateSpace(facts),
        ];
    }

    /// <summary>What the boot files of the slot ask of the boot partition, or why they cannot be read.</summary>
    private static async ValueTask<(BootFilesNeed Need, string? Fault)> NeedAsync(StepContext update, CancellationToken ct)
    {
        try
        {
            var slot = await update.Device.Slots.OpenSpareForReadingAsync(ct).ConfigureAwait(false);
            await using var _ = slot.ConfigureAwait(false);
            var boot = new BootPartition(update.Device.Files, update.Device.Power.BootId);
            return (boot.Need(slot.Path + Places.OwnBootFiles, KeptBack.Of(update.Release, update.Device.Boot), update.Plan.ToPartition), null);
        }
        catch (Exception e) when (e is IOException or HostupException)
        {
            return (new BootFilesNeed(0, 0), (e as HostupException)?.Why ?? e.Message);
        }
    }
}
