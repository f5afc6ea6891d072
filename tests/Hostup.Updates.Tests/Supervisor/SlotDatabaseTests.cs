using System.Text;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Tests.Supervisor;

/// <summary>A copy of the supervisor's database for each slot: which one is put back, when it cannot be at once, and that none is lost at the switch.</summary>
public sealed class SlotDatabaseTests
{
    private const int OldSlot = 2, NewSlot = 3;
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    /// <summary>Its successor goes on beneath an armed trial.</summary>
    [Fact]
    public async Task A_power_cut_after_a_process_was_killed_at_the_switch_costs_no_database()
    {
        var target = SimRelease.Make("2.101.0", SimBehaviour.Unhealthy);
        var whole = await new SimDevice(Old, target).RunAsync();
        int reboot = whole.Power.Log.FindIndex(e => e == "reboot");
        int armed = whole.Power.Log.FindLastIndex(reboot, e => e == $"flush {SimDevice.GrubEnv}");
        int beneath = 0;

        for (int kill = armed + 1; kill <= reboot + 1; kill++)
        {
            var killed = await Killed(target, kill, []).RunAsync();
            int last = killed.Power.Log.FindIndex(kill, e => e == "reboot") + 1;
            for (int cut = kill + 1; cut <= last; cut++)
            {
                var device = await Killed(target, kill, [cut]).RunAsync();

                string when = $"killed before {whole.Power.Log[kill - 1]}, cut before {string.Join(", ", device.Power.CutBefore)}";
                Assert.True(device.Bricked is null && device.Outcome == AttemptStates.RolledBack, $"{when}: {device.Bricked ?? device.Outcome}");
                Assert.True((device.SupervisorVersion, Database(device)) == (SimSupervisor.First, "database of v14.0.0"), $"{when}: {device.SupervisorVersion}, {Database(device)}");
                beneath++;
            }
        }
        Assert.True(beneath > 50, $"only {beneath} cuts beneath an armed trial");
    }

    /// <summary>The boot loader came back, so the first program of the boot ends the attempt; the data partition comes later.</summary>
    [Fact]
    public async Task An_end_says_that_the_database_is_not_back_and_the_next_boot_brings_it()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Panics));
        device.Power.Meanwhile = _ => device.Files.Unmounted = device.Boots == 3 ? Places.Data : null;

        await device.RunAsync();
        string? said = new AttemptJournal(device.Files).Read()[^1].Message;
        bool due = device.Files.Exists(Places.DatabaseDue);
        (device.Power.Meanwhile, device.Files.Unmounted) = (null, null);
        device.Data.Provision(SimSupervisor.Database, "something else"u8.ToArray());
        await device.CutAtRestAsync();

        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Contains("cannot bring back the supervisor's database now: no such directory", said, StringComparison.Ordinal);
        Assert.Equal((AttemptStates.RolledBack, true, "database of v14.0.0", false), (device.Outcome, due, Database(device), device.Files.Exists(Places.DatabaseDue)));
    }

    /// <summary>The data partition is not mounted in the first boot of the trial, and the power goes before the older supervisor starts.</summary>
    [Fact]
    public async Task A_database_that_a_revert_could_not_bring_back_comes_with_the_next_boot()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        int trial = device.Boots + 2;
        bool due = false;
        device.Power.Meanwhile = _ =>
        {
            device.Files.Unmounted = device.Boots == trial ? Places.Data : null;
            // The last effect of the first program.
            if (device.Boots != trial || !device.Files.Exists(Places.DatabaseDue) || !device.Files.Exists(Places.TrialBootsSettled))
                return;
            (due, device.Files.Unmounted) = (true, null);
            throw new PowerCutException("the last flush of the first program");
        };

        await RevertAsync(device);

        Assert.True(due, "nothing was left to bring back");
        Assert.True(device.Bricked is null, device.Bricked);
        Assert.Equal((AttemptStates.Committed, "2.100.0", trial + 1), (device.Outcome, device.RunningRelease!.Version, device.Boots));
        Assert.Equal(("v14.0.0", "database of v14.0.0", false), (device.SupervisorVersion, Database(device), device.Files.Exists(Places.DatabaseDue)));
    }

    /// <summary>The attempt is open until the old OS has looked at what failed, and a vehicle may be switched off before.</summary>
    [Fact]
    public async Task What_the_old_supervisor_writes_after_a_rollback_stays_when_the_power_goes_before_its_end()
    {
        const string since = SimSupervisor.Database + "-wal";
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy));
        bool written = false;
        device.Power.Meanwhile = _ =>
        {
            if (device.Boots != 3 || written || device.Power.Log[^1] != $"create {Places.RollbackCause}.new")
                return;
            written = true;
            device.Data.Provision(since, "written since"u8.ToArray());
            throw new PowerCutException("the verdict of the old OS");
        };

        await device.RunAsync();

        Assert.True(written, "the old OS gave no verdict");
        Assert.Equal((4, AttemptStates.RolledBack, "database of v14.0.0"), (device.Boots, device.Outcome, Database(device)));
        Assert.Equal("written since", Encoding.UTF8.GetString(device.Data.Read(since)!));
    }

    /// <summary>An update that follows a rollback whose database is still to come brings no other supervisor: the OS in the other slot starts the same.</summary>
    [Fact]
    public async Task What_is_due_is_brought_back_whichever_slot_runs()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        new SupervisorDatabase(device.Files, OldSlot).RestoreLater();

        Assert.Null(new SlotSupervisor(device.Device).GoBack());

        Assert.Equal(("database of v14.0.0", false), (Database(device), device.Files.Exists(Places.DatabaseDue)));
    }

    /// <summary>The revert that could not put its database into place is left again.</summary>
    [Fact]
    public async Task The_running_slots_own_copy_goes_before_one_that_is_due_and_ends_that()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        new SupervisorDatabase(device.Files, NewSlot).Keep();
        new SupervisorDatabase(device.Files, OldSlot).RestoreLater();
        device.Data.Provision(SimSupervisor.Database, "something else"u8.ToArray());

        Assert.Null(new SlotSupervisor(device.Device).GoBack());

        Assert.Equal(("database of v14.1.0", false), (Database(device), device.Files.Exists(Places.DatabaseDue)));
    }

    [Fact]
    public async Task One_slots_copy_that_is_due_does_not_hold_the_others()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        var (old, current) = (new SupervisorDatabase(device.Files, OldSlot), new SupervisorDatabase(device.Files, NewSlot));
        current.Keep();
        old.RestoreLater();

        new SlotSupervisor(device.Device).Forget();

        Assert.Equal((true, false), (old.IsKept, current.IsKept));
    }

    /// <summary>Without a way back for it the newer supervisor stays, and so does what it has written.</summary>
    [Fact]
    public async Task Where_the_present_supervisor_stays_no_older_database_takes_the_place_of_its_own()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        int before = device.Power.Effects;
        // No room for a copy, from the last check on.
        device.Ports.Meanwhile = state => device.Files.Free[Places.State] = state == AttemptStates.BootFiles ? 100 << 10 : 4 << 20;

        await RevertAsync(device);

        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal(("v14.1.0", "database of v14.1.0"), (device.SupervisorVersion, Database(device)));
        Assert.DoesNotContain($"create {SimSupervisor.Database}", device.Power.Log.Skip(before));
        Assert.False(new SupervisorDatabase(device.Files, OldSlot).IsKept);
    }

    private static SimDevice Killed(SimRelease target, int kill, int[] cuts)
    {
        var device = new SimDevice(Old, target, Unflushed.Lost, cuts);
        device.Power.KillBefore = kill;
        return device;
    }

    private static Task<SimDevice> RevertAsync(SimDevice device)
    {
        device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210", Revert = true };
        return device.CutAtRestAsync();
    }

    private static string Database(SimDevice device) => Encoding.UTF8.GetString(device.Data.Read(SimSupervisor.Database)!);
}
