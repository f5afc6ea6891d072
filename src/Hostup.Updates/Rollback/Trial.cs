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

    /// <summary>Whether the device is back on the old OS and its attempt has no end yet: what failed is looked at, or the state partition takes no write.</summary>
    public static bool IsGoingBack(DevicePorts device) =>
        Breadcrumbs.Lie(device.Files) && new AttemptLog(device).IsOpen && RollbackCause.Load(device.Files) is { } cause && cause.FromPartition != device.Slots.Running.PartitionNumber;

    /// <summary>Whether a trial is armed or runs, or the way back from it has no end: no other update may begin.</summary>
    public static bool IsPending(DevicePorts device) =>
        device.Boot.Read() is var settings && (settings.UpgradeAvailable || settings.RootPartition != device.Slots.Running.PartitionNumber || IsOn(device) || IsGoingBack(device));
}
