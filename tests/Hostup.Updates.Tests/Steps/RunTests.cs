using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests.Steps;

/// <summary>Failures that are no power cuts: what an attempt ends with, and that the device is as it was.</summary>
public sealed class RunTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task When_the_registry_is_gone_the_fallback_registry_serves()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 0), new SimSource("fallback", New));

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("fallback", SourceOf(device));
    }

    [Fact]
    public async Task A_source_that_breaks_off_half_way_is_followed_by_the_next()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 3), new SimSource("fallback", New));

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(New.TreeDigest, device.SlotB.TreeDigest);
    }

    [Fact]
    public async Task Content_that_reads_back_wrong_is_never_booted()
    {
        var device = Device(new SimSource("registry", New, corrupt: true));

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Failed, "slot-mismatch");
        Assert.Equal(1, device.Boots);
    }

    [Fact]
    public async Task When_every_source_fails_the_device_is_as_it_was_and_every_reason_is_named()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 0), new SimSource("fallback", New, breakAfterEntries: 0) { Refusal = new HostupException(HostupErrors.Link, "cannot reach fallback", "connection reset", "check the link") });

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Failed, "all-sources");
        Assert.Contains("connection refused", device.End!.Error!.Message, StringComparison.Ordinal);
        Assert.Contains("connection reset", device.End.Error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AttemptStates.Downloading)]
    [InlineData(AttemptStates.Verifying)]
    [InlineData(AttemptStates.Supervisor)]
    [InlineData(AttemptStates.Ready)]
    public async Task A_cancel_before_the_boot_files_ends_the_attempt_and_the_supervisor_runs_again(string state)
    {
        var device = new SimDevice(Old, New);
        device.Ports.CancelAt = state;

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Cancelled, "cancelled");
        Assert.Equal(RunEndKind.Cancelled, device.End!.Kind);
    }

    [Theory]
    [InlineData("before anything is")]
    [InlineData(Places.Boot + "/hostup-new/0")]
    public async Task A_cancel_while_boot_files_are_written_takes_them_back(string written)
    {
        var device = new SimDevice(Old, New);
        if (written.StartsWith('/'))
            device.Power.Meanwhile = _ => device.Ports.Wishes |= device.Power.Log[^1].Contains(written, StringComparison.Ordinal) ? AttemptWishes.Cancel : AttemptWishes.None;
        else
            device.Ports.CancelAt = AttemptStates.BootFiles;

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Cancelled, "cancelled");
    }

    [Theory]
    [InlineData("/mnt/boot/hostup-new/0", true)]
    [InlineData("/mnt/boot/hostup-new/1", true)]
    [InlineData("/mnt/boot/hostup-new/2", false)]
    [InlineData("/mnt/boot/hostup-new/3", true)]
    [InlineData("/mnt/boot/hostup-old/0", true)]
    [InlineData("/mnt/boot/slot-3/vmlinuz", false)]
    [InlineData("/mnt/boot/EFI/BOOT/grubenv", true)]
    public async Task A_write_error_on_the_boot_partition_leaves_the_old_files(string broken, bool exchange)
    {
        var device = new SimDevice(Old, New) { CanExchange = exchange };
        device.Files.BrokenPath = broken;

        await device.RunAsync();
        device.Files.BrokenPath = null;
        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Failed, broken.EndsWith("grubenv", StringComparison.Ordinal) ? "switch-boot" : "boot-files");
    }

    [Fact]
    public async Task The_same_version_is_refused_and_nothing_is_written()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.100.0", SimBehaviour.Good));

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Refused, "not-newer");
        Assert.DoesNotContain(device.Power.Log, e => e.Contains("spare", StringComparison.Ordinal) || e.Contains("/mnt/boot", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_same_version_is_installed_when_the_operator_asks_for_it()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.100.0", SimBehaviour.Good), reinstall: true);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(device.SlotB, device.RunningSlot);
    }

    [Fact]
    public async Task A_release_that_dies_after_user_space_came_up_is_left_at_the_sixth_boot()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy)) { HangsBeforeVerdict = true };

        await device.RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal(Old, device.RunningRelease);
        Assert.True(device.Boots <= 9, $"{device.Boots} boots");
        Assert.Equal(0, device.HandsNeeded);
    }

    [Fact]
    public async Task Without_a_watchdog_each_hang_needs_a_hand_and_the_device_comes_back_all_the_same()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy)) { HangsBeforeVerdict = true };
        device.Ports.HasWatchdog = false;

        await device.RunAsync();

        Assert.Equal((AttemptStates.RolledBack, Old), (device.Outcome, device.RunningRelease));
        Assert.Equal(TrialBoots.Limit - 1, device.HandsNeeded);
    }

    [Fact]
    public async Task A_slot_that_holds_the_release_already_is_not_fetched_again()
    {
        var device = Device(new SimSource("registry", New, breakAfterEntries: 0));
        device.SlotB.Provision(New);
        SpareContent.Remember(device.Files, Guid.Empty, New.TreeDigest);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("slot", SourceOf(device));
    }

    [Fact]
    public async Task A_commit_remembers_the_sequence_and_nothing_bad()
    {
        var device = await new SimDevice(Old, New).RunAsync();

        Assert.Equal("2"u8.ToArray(), device.Files.Read(Places.HighestSequence));
        Assert.False(device.Files.Exists(Places.KnownBad) || device.Files.Exists(Places.Suspect));
    }

    [Fact]
    public async Task A_release_that_failed_its_health_checks_is_known_bad()
    {
        var sick = SimRelease.Make("2.101.0", SimBehaviour.Unhealthy);

        var device = await new SimDevice(Old, sick).RunAsync();

        Assert.Contains(sick.Manifest(2).Image.Digest.ToString(), System.Text.Encoding.ASCII.GetString(device.Files.Read(Places.KnownBad)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_release_whose_user_space_was_never_seen_may_be_tried_once_more()
    {
        var device = await new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Panics)).RunAsync();

        Assert.True(device.Files.Exists(Places.Suspect));
        Assert.False(device.Files.Exists(Places.KnownBad));
    }

    [Fact]
    public async Task An_attempt_that_ended_is_not_begun_again()
    {
        var device = await Device(new SimSource("registry", New, breakAfterEntries: 0)).RunAsync();
        var plan = await device.Target.PlanAsync(device);
        int effects = device.Power.Effects;

        var end = await new UpdateRun(device.Device, device.Ports, _ => device.Sources).StartAsync(plan, device.Target.Payload, device.Target.Envelope, CancellationToken.None);

        Assert.Equal(RunEndKind.NothingToDo, end.Kind);
        Assert.Equal(effects, device.Power.Effects);
    }

    [Fact]
    public async Task A_download_that_loses_its_power_every_time_is_given_up()
    {
        var device = new SimDevice(Old, New);
        device.Power.AlwaysCutBefore = "write /etc/os-release to spare";

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Failed, "no-progress");
        Assert.True(device.Boots <= 8, $"{device.Boots} boots");
    }

    [Fact]
    public async Task A_hundred_power_cuts_of_one_attempt_do_not_fill_the_journal()
    {
        var device = new SimDevice(Old, New) { MostBoots = 300, CheckpointBytes = 100 };
        int cuts = 0, looks = 0;
        device.Target = device.Target with { Policy = new UpdatePolicy { DownloadOnly = true } };
        device.Ports.Meanwhile = state =>
        {
            if (state is not AttemptStates.Ready || ++looks % 3 != 0)
                return;
            if (++cuts == 100)
                device.Ports.Policy = new UpdatePolicy();
            else
                throw new PowerCutException("while it waits");
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(100, cuts);
        Assert.InRange(new AttemptJournal(device.Files).Read().Count, 20, 80);
    }

    /// <summary>Its undo gives the applications' locks back: a forced reboot would meet them unprotected.</summary>
    [Fact]
    public async Task A_reboot_that_cannot_be_asked_for_is_not_forced_after_the_undo()
    {
        var device = new SimDevice(Old, New);
        device.Ports.RebootFault = () => "no bus";

        await device.RunAsync();

        AssertAsBefore(device, AttemptStates.Failed, "program");
        Assert.False(device.Ports.ForcedRebootIsArmed || device.Ports.LocksHeld);
        Assert.True(device.Power.Log.IndexOf("call off reboot") > device.Power.Log.IndexOf("reboot"));
    }

    [Fact]
    public async Task A_forced_reboot_that_cannot_be_called_off_is_told_and_takes_nothing_else_with_it()
    {
        var device = new SimDevice(Old, New);
        device.Ports.RebootFault = () => "no bus";
        device.Ports.CallOffFault = "no bus either";

        await device.RunAsync();

        Assert.Equal(("open", RunEndKind.UndoIncomplete), (device.Outcome, device.End!.Kind));
        Assert.Contains("a forced reboot may still come", device.End.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
        Assert.Equal(BootFileSnapshot.Provisioned(Old), BootFileSnapshot.Of(device));
        device.Ports.CallOffFault = null;
        await device.CutAtRestAsync();
        AssertAsBefore(device, AttemptStates.Failed, "program");
    }

    [Fact]
    public async Task A_rollback_whose_reboot_cannot_be_asked_for_keeps_the_forced_one()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy));
        device.Ports.RebootFault = () => device.Boots == 2 ? "no bus" : null;

        await device.RunAsync();

        Assert.True(device.Ports.ForcedRebootIsArmed);
        await device.CutAtRestAsync();
        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
    }

    private static SimDevice Device(params IHostAppSource[] sources) => new(Old, New) { Sources = sources };

    private static string? SourceOf(SimDevice device) => new AttemptJournal(device.Files).Read().Last(r => r.Source is not null).Source;

    private static void AssertAsBefore(SimDevice device, string outcome, string code)
    {
        Assert.Null(device.Bricked);
        Assert.Equal(outcome, device.Outcome);
        Assert.Equal(code, new AttemptJournal(device.Files).Read()[^1].Code);
        Assert.Equal(Old, device.RunningRelease);
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
        Assert.True(device.Ports.SupervisorRuns);
        Assert.Equal(BootFileSnapshot.Provisioned(Old), BootFileSnapshot.Of(device));
    }
}
