using Hostup.Updates.Boot;
using Hostup.Updates.BootFiles;
using Hostup.Updates.Run;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Rollback;

/// <summary>
/// The first program of a boot after a switch, before the container engine: are we where the boot settings say? If not, the boot loader fell
/// back, and the old OS, which runs, is kept. If so and on trial, the boot is counted.
/// </summary>
public sealed class AltbootRollback(DevicePorts device)
{
    /// <summary>Does what this boot needs. Idempotent; ends with at most one request to reboot.</summary>
    /// <returns>What it found, for the log.</returns>
    public string Run()
    {
        var files = device.Files;
        var settings = device.Boot.Read();
        var running = device.Slots.Running;
        if (settings.RootPartition != running.PartitionNumber)
        {
            var cause = new RollbackCause(RollbackCause.Altboot, FellBack(settings), settings.RootPartition);
            cause.Save(files);
            new Settlement(device).GoBack(cause);
            return cause.Text;
        }
        if (Trial.IsOn(device))
            return CountTrialBoot(settings);
        if (RollbackCause.Load(files) is { } decided && decided.FromPartition != running.PartitionNumber && Breadcrumbs.Lie(files))
        {
            new Settlement(device).GoBack(decided);
            return $"back on {running.Label}: {decided.Text}";
        }
        if (!new AttemptLog(device).IsOpen)
            Breadcrumbs.PickUp(files);
        // An update was interrupted before the switch: the running root's files are the right ones. After a commit they are too.
        IReadOnlyList<string> restored = [.. new BootAreas(files, device.Media).Restore(running.PartitionNumber), .. new BootPartition(files, device.Power.BootId).Restore(running.PartitionNumber, BootFilesToKeep())];
        return restored is [] ? "nothing to do" : $"restored boot files {string.Join(", ", restored)}";
    }

    private string CountTrialBoot(BootSettings settings)
    {
        int boots = TrialBoots.Count(device.Files);
        if (boots < TrialBoots.Limit)
        {
            device.Power.ResetWhenStuck();
            string? warning = new SlotSupervisor(device).Apply();
            if (settings.BootCount != 0)
                device.Boot.Write(settings with { BootCount = 0 });
            new AttemptLog(device).TrialBoot(warning);
            return $"trial boot {boots} of {TrialBoots.Limit - 1}{(warning is null ? "" : $"; {warning}")}";
        }
        var cause = new RollbackCause(RollbackCause.Altboot, $"the new OS began to boot {boots - 1} times without a verdict of its health checks", settings.RootPartition);
        cause.Save(device.Files);
        device.Boot.Write(new BootSettings(device.Slots.Spare.PartitionNumber, UpgradeAvailable: false, BootCount: 0));
        device.Power.Reboot(cause.Text);
        return cause.Text;
    }

    private string FellBack(BootSettings settings)
    {
        int seen = TrialBoots.Read(device.Files);
        return seen == 0
            ? $"the boot loader came back to {device.Slots.Running.Label} at boot {settings.BootCount}: the new OS on partition {settings.RootPartition} never reached user space"
            : $"the boot loader came back to {device.Slots.Running.Label}: the new OS on partition {settings.RootPartition} reached user space {seen} times, then did not";
    }

    private IReadOnlySet<string> BootFilesToKeep()
    {
        // Also of an attempt that has ended: a boot partition that failed then is tidied up now.
        return new AttemptFiles(device.Files).TryLoad(new AttemptLog(device).Records) is var (_, release) ? KeptBack.Of(release, device.Boot) : KeptBack.BuiltIn;
    }
}
