using Hostup.Lab.Demo;
using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>What must not change when an update fails: slot, boot partition by name, size and content, boot environment.</summary>
public sealed record DeviceSnapshot(GuestFacts Facts, string BootFiles, string BootEnvironment)
{
    public static async Task<DeviceSnapshot> TakeAsync(VirtualDevice device, CancellationToken ct) => new(
        await GuestFacts.ReadAsync(device, ct),
        await device.RunAsync(["sh", "-c", "cd /mnt/boot && find . -type f ! -name grubenv ! -name config.json -exec sha256sum {} + -exec stat -c '%n %s' {} + | sort"], ct),
        await device.RunAsync(["sh", "-c", "grep -a = /mnt/boot/EFI/BOOT/grubenv | sort"], ct));
}
