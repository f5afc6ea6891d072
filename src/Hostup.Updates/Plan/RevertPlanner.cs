using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Checks;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;
using Hostup.Updates.Steps;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Plan;

/// <summary>Makes the plan of the way back to the OS in the spare slot. Touches nothing.</summary>
public static class RevertPlanner
{
    // The place of an image in the description of an OS that nobody fetches.
    private const string NoRepository = "none";

    /// <summary>What the spare slot holds that can be gone back to.</summary>
    /// <exception cref="HostupException"><c>old-os</c>: nothing; <c>slot-layout</c>, <c>same-slot</c>.</exception>
    public static SlotSystem RequireKnown(DevicePorts device)
    {
        var spare = device.Slots.Spare;
        return SlotSystem.Load(device.Files, spare.PartitionNumber) ?? throw new HostupException(
            HostupErrors.OldOs, $"cannot go back to the OS on {spare.Label}", "the slot holds none that ran on this device: there was none before, or the slot was written since", "update to the release that is wanted: `hostup update start`");
    }

    /// <summary>Makes the plan.</summary>
    /// <param name="device">The device.</param>
    /// <param name="attemptId">The attempt, 32 hexadecimal digits.</param>
    /// <param name="updater">Digest and version of the program that carries it out.</param>
    /// <param name="policy">When it may be carried out.</param>
    /// <param name="overrideLocks">Whether update locks of applications are passed over.</param>
    /// <param name="ct">Ends the look at the device.</param>
    /// <returns>The plan, and what takes the place of a signed manifest: the device's own description of that OS.</returns>
    /// <exception cref="HostupException">As <see cref="RequireKnown"/>.</exception>
    public static async ValueTask<(UpdatePlan Plan, byte[] Manifest)> MakeAsync(
        DevicePorts device, string attemptId, (Digest Digest, string Version) updater, Core.Wire.UpdatePolicy policy, bool overrideLocks, CancellationToken ct)
    {
        var old = RequireKnown(device);
        var facts = await DeviceFacts.ReadAsync(device, ct).ConfigureAwait(false);
        var (running, spare) = (device.Slots.Running, device.Slots.Spare);
        var release = Describe(device, old, facts);
        byte[] manifest = release.ToJson();
        var request = new PlanRequest { AttemptId = attemptId, Manifest = Digest.Of(manifest), Updater = updater.Digest, UpdaterVersion = updater.Version };
        var rests = PlanFact.Of(facts, release, request);
        return (new UpdatePlan
        {
            AttemptId = attemptId,
            FromVersion = facts.OsVersion,
            ToVersion = old.Version,
            Manifest = request.Manifest,
            FromSlot = running.Label,
            FromPartition = running.PartitionNumber,
            ToSlot = spare.Label,
            ToPartition = spare.PartitionNumber,
            FileSystem = facts.SpareFileSystem ?? Guid.Empty,
            Revert = true,
            OverrideLocks = overrideLocks,
            Updater = updater.Digest,
            UpdaterVersion = updater.Version,
            Steps = Steps(facts, old, running, spare),
            Lost = "nothing: both slots stay as they are",
            PointOfNoReturn = SwitchBoot.StepName,
            Facts = rests,
            FactsDigest = PlanFact.DigestOf(rests),
            Policy = policy,
        }, manifest);
    }

    /// <summary>
    /// The OS in words that a program reads which knows of no revert, too: it is the one in that slot that settles the trial. So neither the highest sequence nor
    /// the clock floor goes down or up by it.
    /// </summary>
    private static ReleaseManifest Describe(DevicePorts device, SlotSystem old, DeviceFacts facts) => new()
    {
        Version = old.Version,
        DeviceType = facts.DeviceType,
        Sequence = facts.HighestSequence,
        SignedAt = ClockFloor.Read(device.Files),
        Image = new ReleaseImage { Digest = old.Image ?? old.Tree, Repository = NoRepository, DownloadBytes = 0 },
        TreeDigest = old.Tree,
        Root = new RootFileSystem { ContentBytes = 0, SpaceBytes = 0, Entries = 0 },
        KeptBack = KeptBackNow(device),
        Requires = old.Hooks is [] ? [] : [HookFolder.Feature],
        Hooks = old.Hooks,
        Health = old.Health ?? new HealthSettings(),
    };

    // As for every way back: what the release that runs leaves alone.
    private static IReadOnlyList<string>? KeptBackNow(DevicePorts device) =>
        new AttemptLog(device).Records is [.., { Verb: JournalVerb.Ended }] records && new AttemptFiles(device.Files).TryLoad(records) is var (plan, release) && plan.ToPartition == device.Slots.Running.PartitionNumber
            ? release.KeptBack
            : null;

    private static IReadOnlyList<PlannedStep> Steps(DeviceFacts facts, SlotSystem old, Slot running, Slot spare) =>
    [
        new(CheckDevice.StepName, $"checks the device and reads {spare.Label} back; changes nothing", "nothing to undo", 0),
        new("stop-supervisor", "stops the supervisor and its timer; user containers go on", "starts them again", 0),
        new("gate", "takes the applications' update locks, checks the device again", "releases the locks", 0),
        new("write-boot-files", $"brings the boot files of {old.Version} back; kept-back ones stay", "restores what it touched", 0),
        .. Planner.Hooks(old.Hooks),
        new(SwitchBoot.StepName, facts.FallsBack ? $"the next boot is a trial of {spare.Label}" : $"the next boot starts {spare.Label}; this boot loader knows no trial", $"boots {running.Label} again", 0),
        new("reboot", "reboots; unhealthy or unbootable, the device comes back", "rollback", 0),
    ];
}
