using System.Globalization;
using Hostup.Lab.Boot;
using Hostup.Lab.Devices;
using Hostup.Lab.Guests;
using Hostup.Lab.WriteLogs;

namespace Hostup.EndToEnd.Tests.Lab;

[Trait("Needs", "vm")]
public sealed class VirtualDeviceTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_saved_device_goes_on_with_engine_application_and_supervisor()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);

        string containers = await device.RunAsync(["docker", "ps", "--format", "{{.Names}}"], Ct);
        string health = await device.RunAsync(["curl", "--silent", "--fail", "http://127.0.0.1:48484/v1/healthy"], Ct);
        string checksum = await device.RunAsync(["sh", "-c", $"cd {ProvisionedDevice.ApplicationVolume} && sha256sum -c content.sha256"], Ct);

        Assert.Equal(["application", "balena_supervisor"], containers.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal("OK", health);
        Assert.Equal("content: OK\n", checksum);
    }

    [Fact]
    public async Task A_shell_keeps_its_folder_from_line_to_line_and_ends_with_the_status_of_the_last_one()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        var output = new StringWriter();

        int status = await new GuestShell(device.Guest, "lab").RunAsync(new StringReader("cd /etc\npwd\necho 'unfinished\nls os-release; (exit 7)\n"), output, quiet: true, Ct);

        Assert.Equal("/etc\nos-release\n", output.ToString());
        Assert.Equal(7, status);
    }

    [Fact]
    public async Task Files_of_several_megabytes_go_in_and_come_back()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        byte[] content = new byte[5_000_001];
        new Random(1).NextBytes(content);

        await device.Guest.PutFileAsync("/tmp/file", new MemoryStream(content), Ct);
        using var back = new MemoryStream();
        await device.Guest.GetFileAsync("/tmp/file", back, Ct);

        Assert.Equal(content, back.ToArray());
    }

    [Fact]
    public async Task After_a_reboot_containers_run_again_and_the_volume_is_the_same()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);

        await device.RebootAsync(Ct);
        await ProvisionedDevice.WaitForContainersAsync(device, Ct);

        string checksum = await device.RunAsync(["sh", "-c", $"cd {ProvisionedDevice.ApplicationVolume} && sha256sum -c content.sha256"], Ct);
        Assert.Equal("content: OK\n", checksum);
    }

    [Fact]
    public async Task A_killed_device_powers_on_with_the_disk_it_had()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        string boot = await device.BootIdAsync(Ct);
        await device.RunAsync(["sh", "-c", "echo kept > /mnt/state/kept && sync"], Ct);

        await device.KillAsync(Ct);
        await device.PowerOnAsync(null, Ct);
        await device.WaitForRebootAsync(boot, Ct);
        await ProvisionedDevice.WaitForContainersAsync(device, Ct);

        Assert.Equal("kept\n", await device.RunAsync(["cat", "/mnt/state/kept"], Ct));
    }

    [Fact]
    public async Task The_boot_loader_falls_back_on_the_second_boot_of_a_slot_without_init()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        await MakeSlotBAsync(device, "mkdir /run/slot/boot /run/slot/run /run/slot/var /run/slot/dev /run/slot/proc /run/slot/sys && cp /boot/* /run/slot/boot/");
        await PutOnTrialAsync(device, "3");

        long from = device.Serial.Length;
        string boot = await device.BootIdAsync(Ct);
        await device.ResetAsync(Ct);
        from = await device.Serial.WaitAsync(LabBootLoader.SlotMarker + "B", from, VirtualDevice.BootLimit, Ct);
        from = await device.Serial.WaitAsync("falling back from slot B", from, VirtualDevice.BootLimit, Ct);
        await device.Serial.WaitAsync(LabBootLoader.SlotMarker + "A", from, VirtualDevice.BootLimit, Ct);
        await device.WaitForRebootAsync(boot, Ct);

        var environment = await EnvironmentAsync(device);
        Assert.Equal(("3", "1", "2"), (environment["resin_root_part"], environment["upgrade_available"], environment["bootcount"]));
        Assert.Equal("/dev/vda2\n", await device.RunAsync(["findmnt", "--noheadings", "--output", "SOURCE", "/"], Ct));
    }

    [Fact]
    public async Task A_slot_without_kernel_falls_back_in_the_same_boot()
    {
        var lab = LabDevice.Lab();
        await using var device = await LabDevice.StartAsync(lab, null, Ct);
        await MakeSlotBAsync(device, "true");
        await PutOnTrialAsync(device, "3");

        long from = device.Serial.Length;
        string boot = await device.BootIdAsync(Ct);
        await device.ResetAsync(Ct);
        from = await device.Serial.WaitAsync("slot B does not boot", from, VirtualDevice.BootLimit, Ct);
        await device.Serial.WaitAsync(LabBootLoader.SlotMarker + "A", from, VirtualDevice.BootLimit, Ct);
        await device.WaitForRebootAsync(boot, Ct);

        var environment = await EnvironmentAsync(device);
        Assert.Equal(("3", "1", "1"), (environment["resin_root_part"], environment["upgrade_available"], environment["bootcount"]));
    }

    [Fact]
    public async Task A_disk_rebuilt_from_the_write_log_holds_what_was_flushed_and_boots()
    {
        var lab = LabDevice.Lab();
        var saved = await LabDevice.SavedAsync(lab, Ct);
        string folder = Directory.CreateTempSubdirectory("hostup-writes-").FullName;
        try
        {
            string path = Path.Combine(folder, "writes.log");
            await using var device = await LabDevice.StartAsync(lab, path, Ct);
            await device.RunAsync(["sh", "-c", "echo flushed > /mnt/state/one && sync"], Ct);
            int afterSync = WriteLog.CountEntries(path);
            await device.RunAsync(["sh", "-c", "echo flushed > /mnt/state/two && sync"], Ct);
            await device.KillAsync(Ct);

            var log = WriteLog.Read(path);
            var disk = await RebuiltDisk.MakeAsync(lab, saved, log, afterSync, Path.Combine(folder, "disk.img"), Ct);
            await using var rebuilt = await VirtualDevice.StartAsync(device.Record.Name + "r", disk, saved.Machine, VirtualDeviceOptions.In(lab), Ct);
            await rebuilt.WaitForGuestAsync(Ct);
            await rebuilt.RunAsync(["systemctl", "start", "mnt-state.mount"], Ct);
            string files = await rebuilt.RunAsync(["sh", "-c", "cd /mnt/state && ls one two 2>/dev/null; true"], Ct);

            Assert.True(log.Entries.Count > afterSync, string.Create(CultureInfo.InvariantCulture, $"{log.Entries.Count} entries, {afterSync} after the first sync"));
            Assert.Equal("one\n", files);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task<string> MakeSlotBAsync(VirtualDevice device, string fill) =>
        device.RunAsync(["sh", "-c", $"mke2fs -q -F -t ext4 /dev/vda3 && mkdir /run/slot && mount /dev/vda3 /run/slot && {fill} && umount /run/slot && sync"], Ct);

    private static async Task PutOnTrialAsync(VirtualDevice device, string part)
    {
        byte[] block = GrubEnvironment.Provisioned.With("resin_root_part", part).With("upgrade_available", "1").ToBytes();
        await device.Guest.PutFileAsync("/run/grubenv", new MemoryStream(block), Ct);
        await device.RunAsync(["sh", "-c", "mount -o remount,rw /mnt/boot && dd if=/run/grubenv of=/mnt/boot/EFI/BOOT/grubenv conv=notrunc,fsync && mount -o remount,ro /mnt/boot && sync"], Ct);
    }

    private static async Task<GrubEnvironment> EnvironmentAsync(VirtualDevice device)
    {
        await device.RunAsync(["systemctl", "start", "mnt-boot.mount"], Ct);
        using var block = new MemoryStream();
        await device.Guest.GetFileAsync("/mnt/boot/EFI/BOOT/grubenv", block, Ct);
        return GrubEnvironment.Parse(block.ToArray());
    }
}
