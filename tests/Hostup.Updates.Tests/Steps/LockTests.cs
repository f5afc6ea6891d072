using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Reporting;

namespace Hostup.Updates.Tests.Steps;

/// <summary>Update locks of applications at the gate.</summary>
public sealed class LockTests
{
    private const int ThreeMinutes = 3 * 60 / 5; // looks, each five seconds after the one before
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task A_lock_held_for_three_minutes_delays_the_reboot_by_them_and_nothing_else()
    {
        var plain = await new SimDevice(Old, New).RunAsync();
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = ThreeMinutes;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(plain.Ports.Now + TimeSpan.FromMinutes(3), device.Ports.Now);
        Assert.Equal(1, device.Power.Log.Count(e => e == "start supervisor"));
        Assert.Equal(plain.Power.Log, device.Power.Log.Where(e => e != "start supervisor"));
    }

    /// <summary>It would run an update of the supervisor at once, in the middle of this one.</summary>
    [Fact]
    public async Task While_a_lock_is_held_the_supervisor_runs_without_its_timer_which_goes_on_when_the_attempt_is_over()
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = int.MaxValue;
        int looks = 0;
        bool runs = false, timer = true;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.WaitingForLock || ++looks < 2)
                return;
            (runs, timer) = (device.Ports.SupervisorRuns, device.Ports.TimerRuns);
            device.Ports.Wishes |= AttemptWishes.Cancel;
        };

        await device.RunAsync();

        Assert.Equal((AttemptStates.Cancelled, true, false), (device.Outcome, runs, timer));
        Assert.Equal((true, true), (device.Ports.SupervisorRuns, device.Ports.TimerRuns));
    }

    [Fact]
    public async Task A_supervisor_that_somebody_stopped_before_stays_stopped_when_the_attempt_is_cancelled()
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = int.MaxValue;
        device.Ports.Meanwhile = state =>
        {
            device.Ports.IsStoppedByHand = true;
            if (state == AttemptStates.WaitingForLock)
                device.Ports.Wishes |= AttemptWishes.Cancel;
        };

        await device.RunAsync();

        Assert.Equal((AttemptStates.Cancelled, false), (device.Outcome, device.Ports.SupervisorRuns));
    }

    [Fact]
    public async Task Before_a_held_lock_everything_is_fetched_and_after_it_nothing_is_fetched_again()
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = 2;

        await device.RunAsync();

        var log = device.Power.Log;
        int waiting = log.IndexOf("start supervisor");
        Assert.All(log.Select((e, i) => (e, i)).Where(x => x.e.Contains("spare", StringComparison.Ordinal) || x.e.StartsWith("pull", StringComparison.Ordinal)), x => Assert.True(x.i < waiting, x.e));
        Assert.All(log.Select((e, i) => (e, i)).Where(x => x.e.Contains(Places.Boot + "/", StringComparison.Ordinal)), x => Assert.True(x.i > waiting, x.e));
    }

    [Fact]
    public async Task A_held_lock_is_told_with_name_holder_and_since_when_once_a_minute()
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = ThreeMinutes;
        var began = device.Ports.Now;

        await device.RunAsync();

        Assert.Equal(3, device.Ports.LocksTold.Count);
        Assert.All(device.Ports.LocksTold, told => Assert.Equal(new LockReport("backup", "/tmp/balena-supervisor/services/app/backup/updates.lock", "process 512 rsync", began), told));
    }

    /// <summary>As a shell's loop around <c>flock</c> does, for days: each telling costs bytes and a line of the log.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lock_is_told_each_minute_for_an_hour_and_seldom_after_it_whoever_holds_it(bool changesHands)
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = 3 * 60 * 60 / 5;
        int process = 512;
        device.Ports.LockHolder = () => $"process {(changesHands ? process++ : process)} job";

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.InRange(device.Ports.LocksTold.Count, 60 + 11, 60 + 13);
    }

    [Fact]
    public async Task A_process_that_goes_on_tells_the_same_since_when_as_the_one_before_it()
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = ThreeMinutes;
        var began = device.Ports.Now;
        int reports = 0;
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.WaitingForLock && ++reports == 2)
                throw new ProcessKilledException("wait for the lock");
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(4, device.Ports.LocksTold.Count);
        Assert.All(device.Ports.LocksTold, told => Assert.Equal(("process 512 rsync", began), (told.Holder, told.Since)));
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public async Task An_override_reboots_despite_the_lock_and_is_written_down(bool inPlan, bool later, bool byOwner)
    {
        var device = new SimDevice(Old, New);
        device.Target = device.Target with { OverrideLocks = inPlan };
        device.Ports.LockHeldTimes = int.MaxValue;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.WaitingForLock)
                return;
            device.Ports.Wishes |= later ? AttemptWishes.OverrideLocks : 0;
            device.Ports.AreOverridden |= byOwner;
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(!inPlan, device.Ports.States.Contains(AttemptStates.WaitingForLock));
        var report = JournalView.Report(new AttemptJournal(device.Files).Read(), null, null, trial: false)!;
        Assert.Equal(["backup (process 512 rsync)"], report.LocksOverridden);
    }

    [Theory]
    [InlineData(AttemptWishes.Cancel, AttemptStates.Cancelled)]
    [InlineData(AttemptWishes.Supersede, AttemptStates.Superseded)]
    public async Task An_attempt_that_waits_for_a_lock_can_be_ended(AttemptWishes wish, string outcome)
    {
        var device = new SimDevice(Old, New);
        device.Ports.LockHeldTimes = int.MaxValue;
        device.Ports.Meanwhile = state => device.Ports.Wishes |= state == AttemptStates.WaitingForLock ? wish : 0;

        await device.RunAsync();

        Assert.Equal(outcome, device.Outcome);
        Assert.Equal(BootFileSnapshot.Provisioned(Old), BootFileSnapshot.Of(device));
        Assert.True(device.Ports.SupervisorRuns);
        Assert.False(device.Ports.LocksHeld);
    }

    [Theory]
    [InlineData(AttemptWishes.Cancel)]
    [InlineData(AttemptWishes.Supersede)]
    public async Task A_process_killed_after_the_switch_reboots_into_the_trial_whatever_is_asked_or_locked_meanwhile(AttemptWishes wish)
    {
        var whole = await new SimDevice(Old, New).RunAsync();
        int reboot = whole.Power.Log.IndexOf("reboot");
        int switched = whole.Power.Log.FindLastIndex(reboot, e => e == $"flush {SimDevice.GrubEnv}");
        Assert.InRange(reboot - switched, 2, 10);

        for (int kill = switched + 2; kill <= reboot + 1; kill++)
        {
            var device = new SimDevice(Old, New);
            device.Power.KillBefore = kill;
            device.Power.Meanwhile = number =>
            {
                if (number != kill)
                    return;
                device.Ports.Wishes |= wish;
                device.Ports.LockHeldTimes = 1000;
            };

            await device.RunAsync();

            Assert.Equal((1, AttemptStates.Committed, whole.Boots), (device.Power.Kills, device.Outcome, device.Boots));
            Assert.DoesNotContain(AttemptStates.WaitingForLock, device.Ports.States);
            Assert.Equal(["backup (process 512 rsync)"], JournalView.Report(new AttemptJournal(device.Files).Read(), null, null, trial: false)!.LocksOverridden);
        }
    }

    /// <summary>After so many power cuts the journal does not tell of each step again.</summary>
    [Fact]
    public async Task A_process_killed_after_the_switch_in_the_seventh_boot_writes_no_boot_file_anew_beneath_the_armed_trial()
    {
        var device = new SimDevice(Old, New);
        int cuts = 0;
        device.Power.KillWhen = name => name == "reboot" && device.Power.Kills == 0;
        // Each boot waits for a lock: what is waited for counts as no resume without progress.
        device.Ports.Meanwhile = state => device.Ports.LockHeldTimes = state == AttemptStates.Ready ? 1 : device.Ports.LockHeldTimes;
        device.Power.Meanwhile = _ =>
        {
            if (device.Power.Log[^1] == $"create {Places.Hostup}/supervisor-2.conf.new" && cuts < 6)
                throw new PowerCutException($"cut {++cuts} before the switch");
        };

        await device.RunAsync();

        Assert.Equal((6, 1, AttemptStates.Committed), (cuts, device.Power.Kills, device.Outcome));
        int killed = device.Power.Log.IndexOf("reboot");
        Assert.DoesNotContain(device.Power.Log[killed..device.Power.Log.IndexOf("reboot", killed + 1)], e => e.Contains(Places.Boot + "/hostup-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_power_cut_while_a_lock_is_held_keeps_the_slot_and_waits_again()
    {
        var whole = new SimDevice(Old, New);
        whole.Ports.LockHeldTimes = 3;
        await whole.RunAsync();
        int waiting = whole.Power.Log.IndexOf("start supervisor") + 1;
        var device = new SimDevice(Old, New, cuts: [waiting]);
        device.Ports.LockHeldTimes = 3;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(1, device.Power.Log.Count(e => e == "format spare"));
    }
}
