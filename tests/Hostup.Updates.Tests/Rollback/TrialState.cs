using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Steps;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>Where a device is between two releases, told from what lies on its media and which slot runs: the states of docs/rollback.md.</summary>
/// <param name="device">The device.</param>
/// <param name="target">The slot that it is to run; the other one runs before.</param>
internal sealed class TrialState(SimDevice device, SimSlot target)
{
    public const string Idle = "idle", Updating = "updating", Armed = "armed", OnTrial = "on trial", FellBack = "fell back";
    public const string Condemned = "condemned", GoingBack = "going back", Committing = "committing", TidyingUp = "tidying up";

    private readonly AttemptLog _log = new(device.Device);

    public string Look()
    {
        var records = _log.Records;
        if (records is [] or [.., { Verb: JournalVerb.Ended }])
            return Breadcrumbs.Lie(device.Files) || device.Files.Exists(Places.BootFilesTouched) ? TidyingUp : Idle;
        bool chosen = device.Device.Boot.Read().RootPartition == target.PartitionNumber;
        if (device.RunningSlot == target)
            return !chosen ? Condemned : Trial.IsOn(device.Device) ? OnTrial : Committing;
        if (!chosen)
            return RollbackCause.Load(device.Files)?.FromPartition == target.PartitionNumber ? GoingBack : Updating;
        bool here = records.LastOrDefault(r => r.Verb == JournalVerb.Started && r.Step == SwitchBoot.StepName)?.BootId == device.Device.Power.BootId;
        return here ? Armed : FellBack;
    }
}
