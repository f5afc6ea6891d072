using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Boot;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>An application of a virtual device holds its update lock, and its owner has changed boot files.</summary>
[Trait("Needs", "vm")]
public sealed class UpdateLockTests
{
    private const string Lock = "/tmp/balena-supervisor/services/1/main/updates.lock";
    private static readonly TimeSpan ThreeMinutes = TimeSpan.FromMinutes(3);
    // The agent takes an attempt up again, and a slot may be read back first.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_held_lock_delays_the_reboot_alone_is_named_and_passed_over_kept_back_files_stay_and_the_old_root_boots_with_the_new_ones()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-lock", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        await ChangeBootFilesAsync(stage.Device);
        string kept = await KeptBackAsync(stage.Device);
        // flock holds it while its child sleeps
        await ShellAsync(stage.Device, $"mkdir -p $(dirname {Lock}) && systemd-run --unit=backup --collect flock {Lock} sleep 7200");
        string boot = await stage.Device.BootIdAsync(Ct);

        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);
        var first = await UntilAsync(stage, a => a.Report.State == AttemptStates.WaitingForLock);

        Assert.Equal(("main", Lock), (first.Report.Lock!.Name, first.Report.Lock.Path));
        Assert.Matches("^process [0-9]+ flock$", first.Report.Lock.Holder);
        Assert.Equal(["done", "done"], first.Report.Steps.Where(s => s.Name is "write-slot" or "fetch-supervisor").Select(s => s.State));
        await ShellAsync(stage.Device, "until systemctl --quiet is-active balena-supervisor; do sleep 0.5; done");
        // Started with it, the timer would run the supervisor's updater in the midst of the update.
        Assert.Equal("inactive", (await stage.Device.ExecAsync(["systemctl", "is-active", "update-balena-supervisor.timer"], Ct)).Output.Trim());

        // The update process and the agent end; whoever goes on knows since when.
        await ShellAsync(stage.Device, "systemctl kill --signal=KILL hostup-update; systemctl restart hostup-agent");
        var later = await UntilAsync(stage, a => a.Report.State == AttemptStates.WaitingForLock && a.Report.Serial > first.Report.Serial && DateTimeOffset.UtcNow - a.Report.Lock!.Since >= ThreeMinutes
            && a.Report.Message!.Contains(" min", StringComparison.Ordinal));
        Assert.Equal(first.Report.Lock.Holder, later.Report.Lock!.Holder);
        Assert.InRange(later.Report.Lock.Since - first.Report.Lock.Since, TimeSpan.FromSeconds(-15), TimeSpan.FromSeconds(15));
        Assert.Contains($"{Lock}, {first.Report.Lock.Holder}, since ", await stage.Server.CliAsync(["update", "show", stage.Uuid], Ct), StringComparison.Ordinal);
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        Assert.Equal(boot, await stage.Device.BootIdAsync(Ct));

        await stage.Server.CliAsync(["update", "override-locks", stage.Uuid], Ct);
        var attempt = await stage.WaitForEndAsync(Ct);

        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Contains("main (process ", Assert.Single(attempt.Report.LocksOverridden), StringComparison.Ordinal);
        await RequireBootFilesAsync(stage, kept);
        await RequireOldRootBootsAsync(stage.Device, image.Version);
    }

    /// <summary>Two files that updates keep and two that they replace, while no supervisor puts them back.</summary>
    private static async Task ChangeBootFilesAsync(VirtualDevice device)
    {
        await ShellAsync(device, "systemctl stop balena-supervisor && mount -o remount,rw /mnt/boot && cd /mnt/boot && echo '# of the owner' >> config.txt && echo logo > splash/balena-logo.png"
            + " && echo '# changed here' >> EFI/BOOT/grub.cfg && echo changed here >> EFI/BOOT/BOOTX64.EFI && cd / && sync && mount -o remount,ro /mnt/boot && systemctl start balena-supervisor");
        await ProvisionedDevice.WaitForContainersAsync(device, Ct);
    }

    private static Task<string> KeptBackAsync(VirtualDevice device) => ShellAsync(device, "cd /mnt/boot && sha256sum config.txt splash/balena-logo.png");

    private static async Task RequireBootFilesAsync(Stage stage, string kept)
    {
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        Assert.Equal(kept, await KeptBackAsync(stage.Device));
        await ShellAsync(stage.Device, "cmp /resin-boot/EFI/BOOT/grub.cfg /mnt/boot/EFI/BOOT/grub.cfg && cmp /resin-boot/EFI/BOOT/BOOTX64.EFI /mnt/boot/EFI/BOOT/BOOTX64.EFI && ! ls -d /mnt/boot/hostup-*");
        string log = await stage.Server.CliAsync(["update", "log", stage.Uuid], Ct);
        Assert.Contains("replaced boot files that were changed on this device: EFI/BOOT/BOOTX64.EFI, EFI/BOOT/grub.cfg", log, StringComparison.Ordinal);
    }

    /// <summary>The operator chooses the old slot by hand: nothing repairs the boot files then.</summary>
    private static async Task RequireOldRootBootsAsync(VirtualDevice device, string version)
    {
        await device.Guest.PutFileAsync("/run/grubenv", new MemoryStream(GrubEnvironment.Provisioned.ToBytes()), Ct);
        await ShellAsync(device, "mount -o remount,rw /mnt/boot && dd if=/run/grubenv of=/mnt/boot/EFI/BOOT/grubenv conv=notrunc,fsync status=none && sync && mount -o remount,ro /mnt/boot");
        string boot = await device.BootIdAsync(Ct);
        await device.ResetAsync(Ct);
        await device.WaitForRebootAsync(boot, Ct);

        Assert.Equal("resin-rootA", (await GuestFacts.ReadAsync(device, Ct)).Slot);
        await ShellAsync(device, $"systemctl start mnt-boot.mount && grep -q 'boot configuration of release {version}' /mnt/boot/EFI/BOOT/grub.cfg");
    }

    private static async Task<AttemptView> UntilAsync(Stage stage, Func<AttemptView, bool> reached)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var attempt = await stage.AttemptAsync(Ct);
            if (reached(attempt))
                return attempt;
            Assert.True(attempt.EndedAt is null && TimeProvider.System.GetElapsedTime(start) < Limit, $"{attempt.Report.State}: {attempt.Report.Message}, lock since {attempt.Report.Lock?.Since:u}");
            await Task.Delay(TimeSpan.FromSeconds(2), Ct);
        }
    }

    private static Task<string> ShellAsync(VirtualDevice device, string words) => device.RunAsync(["sh", "-c", words], Ct);
}
