using Hostup.Updates.Run;

namespace Hostup.Updates.Rollback;

/// <summary>Whether an OS is on trial: by the boot settings, and where the boot loader knows no trial, by what we left on the state partition.</summary>
public static class Trial
{
    /// <summary>Whether the running OS is on trial.</summary>
    public static bool IsOn(DevicePorts device)
    {
        var settings = device.Boot.Read();
        int running = device.Slots.Running.PartitionNumber;
        if (settings.RootPartition != running || settings.UpgradeAvailable || device.Boot.FallbackBoot > 0)
            return settings.RootPartition == running && settings.UpgradeAvailable;
        var log = new AttemptLog(device);
        return Breadcrumbs.Lie(device.Files) && log.IsOpen
            && new AttemptFiles(device.Files).TryLoad(log.Records) is var (plan, _) && plan.ToPartition == running;
    }

    /// <summary>Whether a trial is armed or runs: no other update may begin.</summary>
    public static bool IsPending(DevicePorts device) =>
        device.Boot.Read() is var settings && (settings.UpgradeAvailable || settings.RootPartition != device.Slots.Running.PartitionNumber || IsOn(device));
}
