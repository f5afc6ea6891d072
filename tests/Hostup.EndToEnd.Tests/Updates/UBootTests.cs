using Hostup.Core.Wire;
using Hostup.EndToEnd.Tests.Lab;
using Hostup.Lab.Boot;
using Hostup.Lab.Demo;
using Hostup.Lab.Devices;
using Hostup.Lab.Images;
using Hostup.Lab.Scenarios;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>Updates of a virtual device whose boot loader is a real U-Boot: its own reading and writing of the boot partition, its own counting.</summary>
[Trait("Needs", "vm")]
public sealed class UBootTests
{
    private const string Panic = "Kernel panic - not syncing";

    private static readonly TimeSpan TrialLimit = TimeSpan.FromMinutes(25);

    private static readonly string[] Flags =
        ["rollback-health-breadcrumb", "rollback-altboot-breadcrumb", "rollback-altboot-triggered", "rollback-health-triggered", "rollback-health-failed"];

    private static LabBootLoader Loader => LabBootLoader.UBoot;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Under_U_Boot_a_good_release_is_committed_and_the_same_version_again()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.GoodAsync(lab, Ct, Loader);
        await using var stage = await Stage.SetAsync(lab, "vm-u-boot", stays: false, Ct, loader: Loader);
        await stage.PublishAsync(image, sequence: 2, Ct);
        string kernel = (await Stage.TreeAsync(lab, HostOsRelease.New, Ct, Loader)).KernelVersion;
        var before = await GuestFacts.ReadAsync(stage.Device, Ct);
        string owners = await stage.Device.RunAsync(["cat", "/mnt/boot/extra_uEnv.txt"], Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);
        Assert.Equal("resin-rootA", before.Slot);

        long from = stage.Device.Serial.Length;
        var first = await stage.UpdateAsync(image.Version, Ct);
        await AssertCommittedAsync(stage, first, new GuestFacts(image.Version, kernel, "resin-rootB"), "3", from);

        from = stage.Device.Serial.Length;
        await stage.Server.CliAsync(["update", "start", stage.Uuid, "--to", image.Version, "--reinstall"], Ct);
        var second = await stage.WaitForEndAsync(Ct);
        Assert.NotEqual(first.Id, second.Id);
        await AssertCommittedAsync(stage, second, new GuestFacts(image.Version, kernel, "resin-rootA"), "2", from);

        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
        Assert.Equal(3, await application.BootsAsync(stage.Device, Ct));
        // The owner's file is as it was, and U-Boot still goes by it.
        Assert.Equal(owners, await stage.Device.RunAsync(["cat", "/mnt/boot/extra_uEnv.txt"], Ct));
        Assert.Contains(owners.Split('=', 2)[1].Trim(), await stage.Device.RunAsync(["cat", "/proc/cmdline"], Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Under_U_Boot_a_release_without_init_comes_back_by_altboot_at_the_fourth_boot()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.WithoutInitAsync(lab, Ct, Loader);
        await using var stage = await Stage.SetAsync(lab, "vm-u-boot-altboot", stays: false, Ct, loader: Loader);
        await stage.PublishAsync(image, sequence: 3, Ct);
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        long from = stage.Device.Serial.Length;
        var back = SecondsToOldOsAsync(stage, from);
        var attempt = await stage.UpdateAsync(image.Version, Ct);

        await AssertCameBackAsync(stage, attempt, "came back to resin-rootA at boot 4: the new OS on partition 3 never reached user space", before, application);
        lab.Progress($"from power-on of the broken release to the old OS: {await back:0} s");
        string console = stage.Device.Serial.Read(from);
        Assert.Equal(UBootScript.Limit, Count(console, LabBootLoader.SlotMarker + "B"));
        Assert.Equal(UBootScript.Limit, Count(console, Panic));
        Assert.Equal(["0", "1", "2", "3"], CountsRead(console));
        Assert.Equal(1, Count(console, "falling back from slot B"));
        await AssertUnchangedByRebootAsync(stage, before, application);
    }

    [Fact]
    public async Task Under_U_Boot_a_release_that_panics_20_s_after_user_space_is_left_after_five_boots()
    {
        var lab = LabDevice.Lab();
        var image = await PlantedReleases.PanickingAsync(lab, Ct, Loader);
        await using var stage = await Stage.SetAsync(lab, "vm-u-boot-panic", stays: false, Ct, loader: Loader);
        // Its health is looked at after the panic: it is never committed.
        await stage.PublishAsync(image, sequence: 4, Ct, health: "3x30");
        var before = await DeviceSnapshot.TakeAsync(stage.Device, Ct);
        var application = await ApplicationWatch.BeginAsync(stage.Device, Ct);

        long from = stage.Device.Serial.Length;
        var back = SecondsToOldOsAsync(stage, from);
        var attempt = await stage.UpdateAsync(image.Version, Ct);

        await AssertCameBackAsync(stage, attempt, "the new OS began to boot 5 times without a verdict of its health checks", before, application);
        lab.Progress($"from power-on of the broken release to the old OS: {await back:0} s");
        string console = stage.Device.Serial.Read(from);
        Assert.Equal(5, Count(console, Panic));
        // The sixth boot is the one that leaves it, before anything of it runs.
        Assert.Equal(6, Count(console, LabBootLoader.SlotMarker + "B"));
        // User space came up each time and set the loader's count back: it never was above one.
        Assert.All(CountsRead(console), c => Assert.Equal("0", c));
        Assert.Equal(0, Count(console, "falling back"));
        await AssertUnchangedByRebootAsync(stage, before, application);
    }

    private static async Task AssertCommittedAsync(Stage stage, AttemptView attempt, GuestFacts expected, string partition, long from)
    {
        Assert.True(attempt.Report.State == AttemptStates.Committed, $"{attempt.Report.State}: {attempt.Report.Message}");
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);
        Assert.Equal(expected, await GuestFacts.ReadAsync(stage.Device, Ct));
        await AssertSettledAsync(stage.Device, partition, present: []);
        await stage.Device.RunAsync(["cmp", "/resin-boot/boot.scr", "/mnt/boot/boot.scr"], Ct);
        Assert.Contains(ProvisionedDevice.NewSupervisorVersion, (await DeviceSnapshot.TakeAsync(stage.Device, Ct)).Supervisor, StringComparison.Ordinal);
        // One boot, and the loader knew that it was a trial.
        string console = stage.Device.Serial.Read(from);
        Assert.Contains("U-Boot 20", console, StringComparison.Ordinal);
        Assert.Equal(1, Count(console, LabBootLoader.SlotMarker));
        Assert.Equal(1, Count(console, $"environment resin_root_part={partition} upgrade_available=1 bootcount=0 limit={UBootScript.Limit}"));
    }

    /// <summary>The server has the cause; slot, boot files, boot settings and supervisor are as before.</summary>
    private static async Task AssertCameBackAsync(Stage stage, AttemptView attempt, string cause, DeviceSnapshot before, ApplicationWatch application)
    {
        Assert.True(attempt.Report.State == AttemptStates.RolledBack, $"{attempt.Report.State}: {attempt.Report.Message}");
        Assert.Equal("rollback-altboot", attempt.Report.ErrorCode);
        Assert.Contains(cause, attempt.Report.Message, StringComparison.Ordinal);
        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        await AssertSettledAsync(stage.Device, "2", present: ["rollback-altboot-triggered"]);
        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
    }

    private static async Task AssertUnchangedByRebootAsync(Stage stage, DeviceSnapshot before, ApplicationWatch application)
    {
        await stage.Device.RebootAsync(Ct);
        await ProvisionedDevice.WaitForContainersAsync(stage.Device, Ct);

        Assert.Equal(before, await DeviceSnapshot.TakeAsync(stage.Device, Ct));
        Assert.True(await application.VolumeIsIntactAsync(stage.Device, Ct));
    }

    /// <summary>Boot settings without a trial and without a counter, and of the flags these alone.</summary>
    private static async Task AssertSettledAsync(VirtualDevice device, string partition, string[] present)
    {
        Assert.Equal($"resin_root_part={partition}\nupgrade_available=0\n", await device.RunAsync(["cat", "/mnt/boot/resinOS_uEnv.txt"], Ct));
        Assert.DoesNotContain("bootcount", await device.RunAsync(["ls", "/mnt/boot"], Ct), StringComparison.Ordinal);
        string[] names = (await device.RunAsync(["ls", "/mnt/state"], Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(present, Flags.Intersect(names));
    }

    /// <summary>From the first start of the new slot's kernel until the old OS answers.</summary>
    private static async Task<double> SecondsToOldOsAsync(Stage stage, long from)
    {
        from = await stage.Device.Serial.WaitAsync(LabBootLoader.SlotMarker + "B", from, TrialLimit, Ct);
        long begun = TimeProvider.System.GetTimestamp();
        await stage.Device.Serial.WaitAsync(LabBootLoader.SlotMarker + "A", from, TrialLimit, Ct);
        await stage.Device.WaitForGuestAsync(Ct);
        return TimeProvider.System.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>What U-Boot read of its counter at each boot of the trial.</summary>
    private static IEnumerable<string> CountsRead(string console) =>
        console.Split("upgrade_available=1 bootcount=").Skip(1).Select(rest => rest.Split(' ')[0]);

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
