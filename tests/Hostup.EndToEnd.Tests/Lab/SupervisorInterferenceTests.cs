using Hostup.Lab.Devices;

namespace Hostup.EndToEnd.Tests.Lab;

[Trait("Needs", "vm")]
public sealed class SupervisorInterferenceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_supervisor_prunes_images_puts_boot_files_back_and_reboots_on_a_new_target()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        string boot = await device.BootIdAsync(Ct);
        string before = await device.RunAsync(["sha256sum", "/mnt/boot/EFI/BOOT/grub.cfg"], Ct);

        await device.RunAsync(["sh", "-c", "tar -C /etc -c hostname | docker import - unknown:1"], Ct);
        await UntilAsync(device, "! docker image inspect unknown:1");
        await device.RunAsync(["sh", "-c", "mount -o remount,rw /mnt/boot && echo changed >> /mnt/boot/EFI/BOOT/grub.cfg && sync"], Ct);
        await UntilAsync(device, "! grep changed /mnt/boot/EFI/BOOT/grub.cfg");
        string after = await device.RunAsync(["sha256sum", "/mnt/boot/EFI/BOOT/grub.cfg"], Ct);
        await device.Guest.StartAsync(["sh", "-c", "echo new > /mnt/data/resin-data/target-state.json"], Ct);
        await device.WaitForRebootAsync(boot, Ct);

        Assert.Equal(before, after);
    }

    private static async Task UntilAsync(VirtualDevice device, string condition)
    {
        long start = TimeProvider.System.GetTimestamp();
        while ((await device.ExecAsync(["sh", "-c", condition], Ct)).ExitCode != 0)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < TimeSpan.FromMinutes(2), $"'{condition}' did not become true");
            await Task.Delay(TimeSpan.FromMilliseconds(300), Ct);
        }
    }
}
