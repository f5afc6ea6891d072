using Hostup.Lab.Demo;
using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>What must not change when an update fails: slot, boot partition by name, size and content, boot environment, supervisor and its database.</summary>
public sealed record DeviceSnapshot(GuestFacts Facts, string BootFiles, string BootEnvironment, string Supervisor)
{
    public static async Task<DeviceSnapshot> TakeAsync(VirtualDevice device, CancellationToken ct)
    {
        await ProvisionedDevice.WaitForContainersAsync(device, ct);
        return new DeviceSnapshot(
            await GuestFacts.ReadAsync(device, ct),
            await device.RunAsync(["sh", "-c", "cd /mnt/boot && find . -type d -print -o -type f ! -name grubenv -exec sha256sum {} + -exec stat -c '%n %s' {} + | sort"], ct),
            await device.RunAsync(["sh", "-c", "cd /mnt/boot && if [ -f resinOS_uEnv.txt ]; then cat resinOS_uEnv.txt; else grep -a = EFI/BOOT/grubenv; fi | sort"], ct),
            await device.RunAsync(["sh", "-c", "cat /etc/balena-supervisor/supervisor.conf /mnt/data/resin-data/balena-supervisor/database.sqlite; docker inspect --format '{{.Config.Image}}' balena_supervisor"], ct));
    }
}
