using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>Whole updates of a virtual device that runs a real host OS with a real container engine.</summary>
[Trait("Needs", "vm")]
public sealed class UpdateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact, Trait("Subset", "ci")]
    public async Task A_good_release_is_committed_and_the_application_does_not_notice()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-commit", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        var printed = await PlannedUpdate.PrintedAsync(stage, image.Version, sequence: 2, Ct);
        var before = await GuestFacts.ReadAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);
        await stage.WaitForStateAsync([AttemptStates.Downloading], Ct);
        // The applications get a new target meanwhile: a supervisor that ran would change a boot file and reboot at once.
        int interference = (await SupervisorLogAsync(stage.Device)).Length;
        await stage.Device.RunAsync(["sh", "-c", "echo new > /mnt/data/resin-data/target-state.json"], Ct);
        var attempt = await stage.WaitForEndAsync(Ct);

        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        var after = await GuestFacts.ReadAsync(stage.Device, Ct);
        Assert.Equal("resin-rootA", before.Slot);
        Assert.Equal("resin-rootB", after.Slot);
        Assert.Equal(image.Version, after.OsVersion);
        Assert.Equal((await Stage.TreeAsync(lab, HostOsRelease.New, Ct)).KernelVersion, after.Kernel);
        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
        // The supervisor would have put the old one back, had it run.
        await stage.Device.RunAsync(["cmp", "/resin-boot/EFI/BOOT/grub.cfg", "/mnt/boot/EFI/BOOT/grub.cfg"], Ct);
        await stage.Device.RunAsync(["cmp", "/resin-boot/EFI/BOOT/BOOTX64.EFI", "/mnt/boot/EFI/BOOT/BOOTX64.EFI"], Ct);
        Assert.All((await SupervisorLogAsync(stage.Device))[interference..], line => Assert.Contains(" start ", line, StringComparison.Ordinal));
        Assert.Contains(ProvisionedDevice.NewSupervisorVersion, (await DeviceSnapshot.TakeAsync(stage.Device, Ct)).Supervisor, StringComparison.Ordinal);
        Assert.DoesNotContain(ProvisionedDevice.SupervisorVersion, (await DeviceSnapshot.TakeAsync(stage.Device, Ct)).Supervisor, StringComparison.Ordinal);
        Assert.Equal(2, await application.BootsAsync(stage.Device, Ct));
        double gap = await application.LongestGapAsync(stage.Device, Ct);
        Assert.True(gap <= 2, $"the application's longest gap before the reboot is {gap} s");
        // Release 1's own program is too old for this release; what ran was transferred.
        Assert.Equal(HostOsRelease.New.ProgramVersion, attempt.Report.UpdaterVersion);
        Assert.Equal("registry", attempt.Report.Source);
        printed.AssertKept(attempt, "registry", "supervisor");
        (await PlannedUpdate.ExecutedAsync(stage, attempt, Ct)).AssertKept(attempt, "registry", "updater");
        Assert.InRange(attempt.Report.Bytes.Single(b => b.Cause == "supervisor").Received, 1_000, 100_000_000);
        // All causes together are what the interfaces carried, but for headers.
        long carried = attempt.Report.Bytes.Sum(b => b.Received);
        Assert.InRange(attempt.Report.Bytes.Single(b => b.Cause == "unexplained").Received, 0, carried * 0.1);
        await AssertFilesAsync(stage.Device, absent: ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb", "rollback-altboot-triggered", "rollback-health-triggered", "rollback-health-failed"], present: []);
    }

    /// <summary>What an update without its second step would be: the test above fails with a supervisor that runs.</summary>
    [Fact]
    public async Task A_supervisor_that_runs_beside_an_update_reboots_the_device_in_the_middle_of_it()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-beside", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version], Ct);
        Assert.Equal(AttemptStates.Downloading, (await stage.WaitForStateAsync([AttemptStates.Downloading], Ct)).Report.State);

        int interference = (await SupervisorLogAsync(stage.Device)).Length;
        await stage.Device.RunAsync(["systemctl", "start", "balena-supervisor.service"], Ct);
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        await stage.Device.Guest.StartAsync(["sh", "-c", "echo new > /mnt/data/resin-data/target-state.json"], Ct);
        await stage.Device.WaitForRebootAsync(application.BootId, Ct);

        Assert.Contains((await SupervisorLogAsync(stage.Device))[interference..], line => line.Contains(" reboot ", StringComparison.Ordinal));
        Assert.Equal("resin-rootA", (await GuestFacts.ReadAsync(stage.Device, Ct)).Slot);
        // The device is not lost by it: the update goes on, and needs one boot more.
        var attempt = await stage.WaitForEndAsync(Ct);
        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal(3, await application.BootsAsync(stage.Device, Ct));
    }

    [Fact]
    public async Task The_program_of_the_old_release_refuses_what_the_transferred_one_can_do()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-old", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 2, Ct);
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version, "--updater", "none"], Ct);

        var attempt = await stage.WaitForEndAsync(Ct);

        Assert.Equal(AttemptStates.Refused, attempt.Report.State);
        Assert.Equal("updater-too-old", attempt.Report.ErrorCode);
    }

    [Fact, Trait("Subset", "ci")]
    public async Task A_release_without_init_comes_back_by_altboot_and_the_server_says_so()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.WithoutInitAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-altboot", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 3, Ct);
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        var attempt = await stage.UpdateAsync(image.Version, Ct);

        Assert.True(attempt.Report.State == AttemptStates.RolledBack, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal("rollback-altboot", attempt.Report.ErrorCode);
        Assert.Contains("never reached user space", attempt.Report.Message, StringComparison.Ordinal);
        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        await AssertFilesAsync(stage.Device,
            absent: ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb", "rollback-health-triggered", "rollback-health-failed"], present: ["rollback-altboot-triggered"]);
        await AssertUnchangedByRebootAsync(stage, before, application);
    }

    [Fact]
    public async Task A_release_whose_device_program_cannot_run_comes_back_too()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.WithoutProgramAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-program", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 3, Ct);
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        var attempt = await stage.UpdateAsync(image.Version, Ct);

        Assert.True(attempt.Report.State == AttemptStates.RolledBack, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal("rollback-altboot", attempt.Report.ErrorCode);
        Assert.Contains("or its device program cannot run", attempt.Report.Message, StringComparison.Ordinal);
        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        await AssertUnchangedByRebootAsync(stage, before, application);
    }

    [Fact, Trait("Subset", "ci")]
    public async Task A_release_whose_engine_is_a_link_to_dev_null_comes_back_by_health_and_the_server_says_why()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.WithoutEngineAsync(lab, Ct);
        await using var stage = await Stage.SetAsync(lab, "vm-health", stays: false, Ct);
        await stage.PublishAsync(image, sequence: 4, Ct);
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        var attempt = await stage.UpdateAsync(image.Version, Ct);

        Assert.True(attempt.Report.State == AttemptStates.RolledBack, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal("rollback-health", attempt.Report.ErrorCode);
        Assert.Contains("`engine` failed 3 times", attempt.Report.Message, StringComparison.Ordinal);
        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        await AssertFilesAsync(stage.Device,
            absent: ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb", "rollback-altboot-triggered", "rollback-health-failed"], present: ["rollback-health-triggered"]);
        await AssertUnchangedByRebootAsync(stage, before, application);
    }

    private static async Task<string[]> SupervisorLogAsync(VirtualDevice device) =>
        (await device.RunAsync(["cat", "/mnt/data/hostup-lab/supervisor.log"], Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>After a failed attempt a reboot changes nothing, and the application runs.</summary>
    private static async Task AssertUnchangedByRebootAsync(Stage stage, DeviceSnapshot before, ApplicationWatch application)
    {
        await stage.Device.RebootAsync(Ct);
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);

        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
    }

    private static async Task AssertFilesAsync(VirtualDevice device, string[] absent, string[] present)
    {
        string[] names = (await device.RunAsync(["ls", "/mnt/state"], Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Empty(absent.Intersect(names));
        Assert.Empty(present.Except(names));
    }
}
