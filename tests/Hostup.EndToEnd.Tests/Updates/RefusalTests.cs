using Hostup.EndToEnd.Tests.Lab;

namespace Hostup.EndToEnd.Tests.Updates;

/// <summary>Faults of a virtual device that check-device refuses, and the same device without them.</summary>
[Trait("Needs", "vm")]
public sealed class RefusalTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>One device and one release for all: each fault is planted in the guest and healed there.</summary>
    private static readonly GuestFault[] Faults =
    [
        new("state-space",
            "fallocate -l $(( $(stat -f -c %a /mnt/state) * $(stat -f -c %S /mnt/state) - 1048576 )) /mnt/state/filler && sync",
            "rm /mnt/state/filler && sync"),
        new("known-bad",
            "echo $IMAGE > /mnt/state/hostup/known-bad && sync",
            "rm /mnt/state/hostup/known-bad && sync"),
        new("clock",
            "echo 2099-01-01T00:00:00.0000000+00:00 > /mnt/state/hostup/clock-floor && sync",
            "rm /mnt/state/hostup/clock-floor && sync"),
        new("engine",
            // Masked, or the supervisor's timer starts it again.
            "(systemctl stop docker.socket docker.service || systemctl stop docker.service) && systemctl mask --runtime docker.service docker.socket",
            "systemctl unmask --runtime docker.service docker.socket && systemctl start docker.service"),
        new("boot-environment",
            "mount -o remount,rw /mnt/boot && mv /mnt/boot/EFI/BOOT/grubenv /mnt/boot/EFI/BOOT/away && sync && mount -o remount,ro /mnt/boot",
            "mount -o remount,rw /mnt/boot && mv /mnt/boot/EFI/BOOT/away /mnt/boot/EFI/BOOT/grubenv && sync && mount -o remount,ro /mnt/boot"),
    ];

    [Fact]
    public async Task Each_of_five_faults_is_refused_by_its_check_and_no_block_of_boot_and_roots_changes()
    {
        var lab = LabDevice.Lab();
        await using var scene = await RefusalScene.SetAsync(lab, await PlantedReleases.GoodAsync(lab, Ct), Ct);
        Assert.Equal((0, ""), await scene.CheckAsync(Ct));

        foreach (var fault in Faults)
        {
            await scene.ShellAsync(fault.Plant, Ct);
            var before = await scene.BlocksAsync(Ct);

            var check = await scene.CheckAsync(Ct);
            var update = await scene.UpdateAsync(Ct);

            Assert.Equal((3, fault.Check), check);
            Assert.True(update.ExitCode == 3, $"{fault.Check}: the update ended with {update.ExitCode}: {update.Error}");
            Assert.Contains($"[{fault.Check}]", update.Error, StringComparison.Ordinal);
            Assert.Equal(before, await scene.BlocksAsync(Ct));

            // the twin: the same device without the fault
            await scene.ShellAsync(fault.Heal, Ct);
            Assert.Equal((0, ""), await scene.CheckAsync(Ct));
        }
    }

    [Fact]
    public async Task A_second_update_ends_with_9_while_another_process_holds_the_lock()
    {
        var lab = LabDevice.Lab();
        await using var scene = await RefusalScene.SetAsync(lab, await PlantedReleases.GoodAsync(lab, Ct), Ct);
        var before = await scene.BlocksAsync(Ct);

        // flock takes the lock as an update process does and keeps it while its child sleeps.
        await scene.ShellAsync("mkdir -p /run/hostup && systemd-run --unit=holder --collect flock /run/hostup/update.lock sh -c 'echo process $PPID /usr/bin/flock since now > /run/hostup/update.lock; exec sleep 600'", Ct);
        await scene.ShellAsync("until grep -q since /run/hostup/update.lock; do sleep 0.2; done", Ct);
        var check = await scene.CheckAsync(Ct);
        var update = await scene.UpdateAsync(Ct);
        await scene.ShellAsync("systemctl stop holder", Ct);

        Assert.Equal((9, "update-running"), check);
        Assert.Equal(9, update.ExitCode);
        Assert.Contains("/usr/bin/flock since now", update.Error, StringComparison.Ordinal);
        Assert.Equal(before, await scene.BlocksAsync(Ct));
        Assert.Equal((0, ""), await scene.CheckAsync(Ct));
    }

    [Fact]
    public async Task A_plan_that_the_device_changed_under_ends_with_75_and_no_block_of_boot_and_roots_changes()
    {
        var lab = LabDevice.Lab();
        await using var scene = await RefusalScene.SetAsync(lab, await PlantedReleases.GoodAsync(lab, Ct), Ct);
        var before = await scene.BlocksAsync(Ct);
        var plan = await scene.PlanAsync(Ct);
        Assert.True(plan.ExitCode == 0, plan.Error);

        await scene.ShellAsync("echo 1 > /mnt/state/hostup/highest-sequence && sync", Ct);
        var update = await scene.UpdateAsPlannedAsync(Ct);

        Assert.True(update.ExitCode == 75, $"{update.ExitCode}: {update.Error}");
        Assert.Contains("highest committed sequence was 0, is 1", update.Error, StringComparison.Ordinal);
        Assert.Contains("[plan-stale]", update.Error, StringComparison.Ordinal);
        Assert.Equal(before, await scene.BlocksAsync(Ct));
    }

    /// <summary>A fault in the guest.</summary>
    /// <param name="Check">The check that refuses.</param>
    /// <param name="Plant">Shell words that plant it.</param>
    /// <param name="Heal">Shell words that take it away.</param>
    private sealed record GuestFault(string Check, string Plant, string Heal);
}
