using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Steps;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>Where a device is between two releases, told from what lies on its media and which slot runs: the states of docs/rollback.md.</summary>
internal static class TrialState
{
    public const string Idle = "idle", Updating = "updating", Armed = "armed", OnTrial = "on trial", FellBack = "fell back";
    public const string Condemned = "condemned", GoingBack = "going back", Committing = "committing", TidyingUp = "tidying up";

    public static string Of(SimDevice device)
    {
        var records = new AttemptLog(device.Device).Records;
        if (records is [] or [.., { Verb: JournalVerb.Ended }])
            return Breadcrumbs.Lie(device.Files) || device.Files.Exists(Places.BootFilesTouched) ? TidyingUp : Idle;
        var (plan, _) = new AttemptFiles(device.Files).TryLoad(records)!.Value;
        bool chosen = device.Device.Boot.Read().RootPartition == plan.ToPartition;
        if (device.RunningSlot.PartitionNumber == plan.ToPartition)
            return !chosen ? Condemned : Trial.IsOn(device.Device) ? OnTrial : Committing;
        if (!chosen)
            return RollbackCause.Load(device.Files)?.FromPartition == plan.ToPartition ? GoingBack : Updating;
        bool here = records.LastOrDefault(r => r.Verb == JournalVerb.Started && r.Step == SwitchBoot.StepName)?.BootId == device.Device.Power.BootId;
        return here ? Armed : FellBack;
    }
}
