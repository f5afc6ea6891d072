using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Rollback;

/// <summary>Runs at an orderly shutdown during a trial: an orderly reboot is not a failed boot.</summary>
public static class ClearBootCount
{
    /// <summary>Resets the boot loader's counter when the trial OS runs, unless it was set to make the boot loader go back. Durable when it returns.</summary>
    public static void Run(DevicePorts device)
    {
        if (!device.Files.Exists(Places.AltbootBreadcrumb))
            return;
        var settings = device.Boot.Read();
        if (settings.UpgradeAvailable && settings.BootCount != 0 && settings.BootCount < device.Boot.FallbackBoot && settings.RootPartition == device.Slots.Running.PartitionNumber)
            device.Boot.Write(settings with { BootCount = 0 });
    }
}
