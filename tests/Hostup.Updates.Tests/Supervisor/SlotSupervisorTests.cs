using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Account;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Policies;
using Hostup.Updates.Ports;
using Hostup.Updates.Rollback;
using Hostup.Updates.Run;
using Hostup.Updates.Steps;
using Hostup.Updates.Supervisor;

namespace Hostup.Updates.Tests.Supervisor;

public sealed class SlotSupervisorTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task A_newer_supervisor_starts_in_the_new_os_and_its_bytes_are_told()
    {
        var device = await new SimDevice(Old, New).RunAsync();

        Assert.Equal("v14.1.0", Version(device));
        Assert.Equal("database of v14.1.0", Database(device));
        Assert.Contains("LED_FILE=/dev/null", SupervisorSettings.Load(device.Files)!.Text, StringComparison.Ordinal);
        Assert.Contains(new AttemptJournal(device.Files).Read(), r => r.Bytes?.Any(b => b is { Cause: "supervisor", Received: SimImage.LayerBytes }) == true);
    }

    [Theory]
    [InlineData("v14.0.0")]
    [InlineData("v13.9.9")]
    public async Task The_same_or_an_older_supervisor_changes_nothing(string version)
    {
        var device = await new SimDevice(Old, With(version)).RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.DoesNotContain("pull supervisor", device.Power.Log);
    }

    [Fact]
    public async Task A_pull_that_fails_leaves_the_supervisor_and_the_new_os_brings_it_later()
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";

        await device.RunAsync();
        string before = Version(device);
        device.Ports.PullFault = null;
        string? said = await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("v14.0.0", before);
        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", said);
        Assert.Equal("v14.1.0", Version(device));
        Assert.Equal("database of v14.1.0", Database(device));
        Assert.Null(await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData(AttemptStates.Ready, AttemptStates.Committed)]
    [InlineData(null, AttemptStates.Refused)]
    public async Task An_engine_that_is_down_while_the_supervisor_is_fetched_costs_the_update_nothing_when_it_is_back_at_the_gate(string? backAt, string outcome)
    {
        var device = new SimDevice(Old, New);
        device.Ports.Meanwhile = state =>
        {
            bool down = state == AttemptStates.Supervisor || (device.Ports.EngineHangs && state != backAt);
            device.Ports.EngineHangs = down;
            device.Ports.PullFault = down ? "cannot connect to /run/docker.sock" : null;
        };

        await device.RunAsync();

        Assert.Equal(outcome, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.Equal("database of v14.0.0", Database(device));
        Assert.True(device.Ports.SupervisorRuns);
        if (outcome == AttemptStates.Refused)
            Assert.Equal("engine", device.End!.Error!.Code.Id);
    }

    /// <summary>By itself: the fetching and the gate stop it again, after what they wait for.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_second_step_stops_it_and_says_whether_it_ran(bool runs)
    {
        var device = new SimDevice(Old, New);
        device.Ports.StartWithOs();
        device.Ports.SupervisorIsStarting = !runs;

        var result = await new StopSupervisor().DoAsync(await ContextAsync(device, New.Manifest(2)), CancellationToken.None);

        Assert.False(device.Ports.SupervisorRuns);
        Assert.Equal(runs ? true : null, result.SupervisorRan);
    }

    [Fact]
    public async Task A_supervisor_that_is_about_to_start_is_stopped_too()
    {
        var device = new SimDevice(Old, New);
        device.Ports.SupervisorIsStarting = true;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    [Fact]
    public async Task Bytes_of_the_supervisor_that_came_in_vain_are_in_the_account_as_such()
    {
        var device = new SimDevice(Old, New);
        device.Ports.ImageRegistries = image => [new SimImage("registry", image) { DamageAt = 7 }, new SimImage("fallback", image)];

        await device.RunAsync();

        var bytes = AttemptAccount.Of(device.Files, device.Target.AttemptId)!;
        Assert.Equal("v14.1.0", Version(device));
        Assert.Equal(SimImage.LayerBytes, bytes.Single(b => b.Cause == "supervisor").Received);
        Assert.Equal(SimImage.LayerBytes, bytes.Single(b => b.Cause == "retried").Received);
    }

    [Fact]
    public async Task A_registry_that_is_gone_for_the_supervisor_holds_the_update_up_for_half_an_hour_at_most()
    {
        var device = new SimDevice(Old, New);
        device.Ports.ImageRegistries = image => [new SimImage("registry", image) { BreaksAfter = 10_000, GoneOnceBroken = true }];
        var began = device.Ports.Elapsed;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.Contains(device.Ports.Notes, n => n.StartsWith("warning: cannot fetch the layer: connection reset", StringComparison.Ordinal));
        Assert.InRange(device.Ports.Elapsed - began, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(40));
    }

    [Fact]
    public async Task An_attempt_that_is_cancelled_while_the_supervisor_comes_ends_there()
    {
        var device = new SimDevice(Old, New);
        device.Ports.ImageRegistries = image => [new SimImage("registry", image) { Meanwhile = () => device.Ports.Wishes |= AttemptWishes.Cancel }];

        await device.RunAsync();

        Assert.Equal(AttemptStates.Cancelled, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.True(device.Ports.SupervisorRuns);
    }

    [Fact]
    public async Task What_is_brought_later_waits_for_a_network_that_is_not_metered()
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";
        await device.RunAsync();
        device.Ports.PullFault = null;
        device.Ports.Metered = true;
        OwnPolicy.Save(device.Files, new PolicySettings { WaitsWhileMetered = true });

        var held = await Assert.ThrowsAsync<HostupException>(() => new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None).AsTask());
        device.Ports.Metered = false;
        string? said = await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal(HostupErrors.Held, held.Code);
        Assert.NotNull(said);
        Assert.Equal("v14.1.0", Version(device));
    }

    [Fact]
    public async Task After_a_rollback_the_old_supervisor_finds_its_database_as_it_was()
    {
        var device = await new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy)).RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.Equal("database of v14.0.0", Database(device));
    }

    [Theory]
    [InlineData("v14.2.0", "v14.2.0", false)]
    [InlineData("v14.1.0", "v14.1.0", false)]
    [InlineData("v14.0.5", "v14.1.0", true)]
    public async Task A_supervisor_that_came_while_another_one_was_pulled_is_replaced_only_by_a_newer_one(string meanwhile, string expected, bool replaced)
    {
        var device = await WithoutItsSupervisorAsync();
        device.Ports.ImageRegistries = image => [new SimImage("registry", image) { Meanwhile = () => device.State.Provision(SimSupervisor.Settings, Encoding.UTF8.GetBytes($"SUPERVISOR_IMAGE=sim/supervisor:{meanwhile}\nSUPERVISOR_VERSION={meanwhile}\n")) }];

        string? said = await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal((expected, replaced), (Version(device), said is not null));
        Assert.True(device.Ports.SupervisorRuns);
        Assert.Null(await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));
    }

    /// <summary>The pull takes minutes, and somebody begins an update by hand; or its process was killed, or has asked for the reboot.</summary>
    [Theory]
    [InlineData(true, "update-running")]
    [InlineData(false, "held")]
    public async Task A_supervisor_that_comes_later_is_neither_stopped_nor_started_in_the_middle_of_an_update(bool works, string code)
    {
        var device = await WithoutItsSupervisorAsync();
        var plan = (await device.Target.PlanAsync(device)) with { AttemptId = "by-hand" };
        bool begun = false;
        device.Ports.ImageRegistries = image => [new SimImage("registry", image) { Meanwhile = Begin }];
        int effects = device.Power.Log.Count(IsOfSupervisor);

        var error = await Assert.ThrowsAsync<HostupException>(async () => await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));

        Assert.Equal((code, "v14.0.0", effects), (error.Code.Id, Version(device), device.Power.Log.Count(IsOfSupervisor)));
        Assert.False(device.Ports.IsExcluding);
        device.Ports.Other = null;
        new AttemptLog(device.Device).End(AttemptStates.Cancelled, "cancelled", "cancelled by the operator");
        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));

        void Begin()
        {
            if (works)
                device.Ports.Other = "process 77 /usr/bin/hostup-device since 2026-01-01T00:00:00Z";
            else if (!begun)
                new AttemptLog(device.Device).Open(plan, Digest.Of(plan.ToJson()));
            begun = true;
        }

        static bool IsOfSupervisor(string effect) => effect is "stop supervisor" or "start supervisor";
    }

    [Fact]
    public async Task No_update_begins_while_the_supervisor_is_replaced()
    {
        var device = await WithoutItsSupervisorAsync();
        var excluding = new List<bool>();
        device.Ports.SupervisorChanges = () => excluding.Add(device.Ports.IsExcluding);

        await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal([true, true], excluding);
        Assert.False(device.Ports.IsExcluding);
    }

    [Theory]
    [InlineData("v14.2.0", "v14.0.0", true)]
    [InlineData("v14.0.5", "v14.1.0", false)]
    public async Task What_upstreams_updater_started_for_this_boot_counts_as_running_and_does_not_outlast_a_newer_one(string untilReboot, string settings, bool stays)
    {
        var device = await WithoutItsSupervisorAsync();
        device.Files.Elsewhere[SupervisorSettings.UntilReboot] = Encoding.UTF8.GetBytes($"SUPERVISOR_IMAGE=sim/supervisor\nSUPERVISOR_VERSION={untilReboot}\n");

        await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal((settings, stays), (Version(device), device.Files.Exists(SupervisorSettings.UntilReboot)));
    }

    [Theory]
    [InlineData("14.0.0", "14.2.0", "14.1.0", true, true)]
    [InlineData("14.0.0", "14.1.0", "14.1.0", true, false)]
    [InlineData("14.0.0", "14.1.0", "14.2.0", true, false)]
    [InlineData("14.2.0", "14.1.0", "14.1.0", false, false)]
    [InlineData("14.0.0", "14.1.0", "13.9.9", false, true)]
    public void The_decision_is_between_current_scheduled_and_target(string current, string scheduled, string target, bool brings, bool keeps)
    {
        var release = new SimDevice(Old, New).Target.Release.Supervisor! with { Version = target };

        Assert.Equal((brings, keeps), (SupervisorDecision.Brings(current, release), SupervisorDecision.Keeps(current, scheduled, release)));
    }

    [Fact]
    public async Task A_copy_of_an_earlier_update_never_takes_the_place_of_the_database()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        device.Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes("database of v14.1.0"));
        var database = new SupervisorDatabase(device.Files, device.RunningSlot.PartitionNumber);
        database.Keep();
        device.Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes("database of v14.1.0, written since"));
        var update = await ContextAsync(device, With("v14.1.0").Manifest(3));

        await new SlotSupervisor(device.Device).PrepareAsync(update, CancellationToken.None);
        new SlotSupervisor(device.Device).GoBack();

        Assert.Equal("database of v14.1.0, written since", Database(device));
    }

    [Theory]
    [InlineData("")]
    [InlineData("v14.1.0")]
    [InlineData("v14.1.0 not an image")]
    public async Task A_damaged_note_of_what_is_to_be_brought_later_brings_nothing_and_ends_nothing(string note)
    {
        var device = await WithoutItsSupervisorAsync();
        device.State.Provision(device.State.Paths.Single(p => p.Contains("/supervisor-wanted-", StringComparison.Ordinal)), Encoding.UTF8.GetBytes(note));

        // The manifest of the release still says what it ships with.
        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));
    }

    [Fact]
    public async Task What_a_release_could_not_bring_is_not_brought_to_the_old_os_when_its_attempt_fails()
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";
        var update = await ContextAsync(device, New.Manifest(2));

        string? warning = await new SlotSupervisor(device.Device).PrepareAsync(update, CancellationToken.None);
        device.Ports.PullFault = null;

        Assert.Contains("fetches the other one later", warning, StringComparison.Ordinal);
        Assert.Null(await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));
        Assert.Equal("v14.0.0", Version(device));
    }

    [Fact]
    public async Task What_a_committed_release_still_waits_for_outlives_the_rollback_of_the_next_one()
    {
        var device = await WithoutItsSupervisorAsync();
        var update = await ContextAsync(device, With("v13.9.9").Manifest(3));

        await new SlotSupervisor(device.Device).PrepareAsync(update, CancellationToken.None);
        Assert.Null(new SlotSupervisor(device.Device).GoBack());

        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Settings_that_were_not_put_into_place_are_by_the_manifest_of_the_committed_release_and_the_database_is_copied_first()
    {
        var device = await new SimDevice(Old, New).RunAsync();
        var settings = SupervisorSettings.Load(device.Files)!;
        (settings with { Text = settings.Text.Replace("v14.1.0", "v14.0.0", StringComparison.Ordinal) }).Save(device.Files);
        device.Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes("database of v14.0.0, written since"));

        string? said = await new SlotSupervisor(device.Device).ReconcileAsync(CancellationToken.None);

        Assert.Equal("supervisor v14.1.0 takes the place of v14.0.0", said);
        Assert.Equal("database of v14.0.0, written since", Encoding.UTF8.GetString(device.State.Read(device.State.Paths.Single(p => p.EndsWith("/supervisor-database-2/0", StringComparison.Ordinal)))!));
    }

    [Fact]
    public void A_copy_that_is_damaged_costs_no_database()
    {
        var device = new SimDevice(Old, New);
        var database = new SupervisorDatabase(device.Files, device.RunningSlot.PartitionNumber);
        database.Keep();
        string copy = device.State.Paths.Single(p => p.EndsWith("/supervisor-database-2/0", StringComparison.Ordinal));
        device.State.Provision(copy, "half a c"u8.ToArray());
        device.Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes("database of v14.1.0"));

        string? warning = new SlotSupervisor(device.Device).GoBack();

        Assert.Contains("is not whole", warning, StringComparison.Ordinal);
        Assert.Equal("database of v14.1.0", Database(device));
    }

    [Fact]
    public async Task A_database_that_a_rollback_could_not_bring_back_comes_with_the_next_boot()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy));
        device.Power.Meanwhile = _ =>
        {
            device.Files.Unmounted = device.Boots == 3 ? Places.Data : null;
            if (device.Boots != 3 || !device.Files.Exists(Places.DatabaseDue) || RollbackCause.Load(device.Files) is not { Left: { } left })
                return;
            // The last effect of the first program; the supervisor has not started.
            Assert.StartsWith("cannot bring back the supervisor's database now: no such directory", left, StringComparison.Ordinal);
            device.Files.Unmounted = null;
            throw new PowerCutException("the last flush of the way back");
        };

        await device.RunAsync();

        Assert.Equal((4, AttemptStates.RolledBack), (device.Boots, device.Outcome));
        Assert.Null(device.Bricked);
        Assert.Equal(("v14.0.0", "database of v14.0.0", false), (Version(device), Database(device), device.Files.Exists(Places.DatabaseDue)));
    }

    [Fact]
    public async Task A_database_that_is_still_to_come_back_outlives_other_attempts_and_the_agent_brings_it_while_the_supervisor_is_stopped()
    {
        var device = WithDatabaseDue();
        var supervisor = new SlotSupervisor(device.Device);

        await Assert.ThrowsAsync<HostupException>(() => supervisor.ReconcileAsync(CancellationToken.None).AsTask());
        supervisor.Forget();
        string? warning = await supervisor.PrepareAsync(await ContextAsync(device, With("v13.9.9").Manifest(2)), CancellationToken.None);
        device.Files.Unmounted = null;
        int before = device.Power.Log.Count;
        string? said = await supervisor.ReconcileAsync(CancellationToken.None);

        Assert.StartsWith("cannot bring back the supervisor's database now: ", warning, StringComparison.Ordinal);
        Assert.Equal("the supervisor's database is back as that supervisor left it", said);
        Assert.Equal("database of v14.0.0", Database(device));
        var log = device.Power.Log[before..];
        Assert.Equal(("stop supervisor", "start supervisor"), (log[0], log[^1]));
        Assert.Null(await supervisor.ReconcileAsync(CancellationToken.None));
        Assert.DoesNotContain("stop supervisor", device.Power.Log.Skip(before + log.Count));
    }

    [Fact]
    public async Task No_newer_supervisor_takes_the_place_of_one_whose_database_is_still_to_come_back()
    {
        var device = WithDatabaseDue();
        var supervisor = new SlotSupervisor(device.Device);
        var update = await ContextAsync(device, New.Manifest(2));
        await supervisor.FetchAsync(update, CancellationToken.None);

        string? warning = await supervisor.PrepareAsync(update, CancellationToken.None);
        device.Files.Unmounted = null;
        supervisor.BringBack();

        Assert.Contains("no such directory", warning, StringComparison.Ordinal);
        Assert.DoesNotContain("v14.1.0", Encoding.UTF8.GetString(device.State.Read(Places.Hostup + "/supervisor-3.conf")!), StringComparison.Ordinal);
        Assert.Equal("database of v14.0.0", Database(device));
    }

    /// <summary>A rollback ended while the data partition was not there, and the old supervisor has met the newer one's database.</summary>
    private static SimDevice WithDatabaseDue()
    {
        var device = new SimDevice(Old, New);
        new SupervisorDatabase(device.Files, device.RunningSlot.PartitionNumber).Keep();
        device.Data.Provision(SimSupervisor.Database, Encoding.UTF8.GetBytes("database of v14.1.0"));
        device.Files.Unmounted = Places.Data;
        new SlotSupervisor(device.Device).GoBack();
        Assert.True(device.Files.Exists(Places.DatabaseDue));
        return device;
    }

    private static async Task<StepContext> ContextAsync(SimDevice device, ReleaseManifest release) =>
        new(device.Device, await device.Target.PlanAsync(device), release, _ => [], device.Ports);

    private static async Task<SimDevice> WithoutItsSupervisorAsync()
    {
        var device = new SimDevice(Old, New);
        device.Ports.PullFault = "connection refused";
        await device.RunAsync();
        device.Ports.PullFault = null;
        return device;
    }

    [Fact]
    public async Task Without_room_for_a_copy_of_the_database_the_supervisor_stays_as_it_is()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy));
        device.Data.Provision(Places.Data + "/resin-data/balena-supervisor/database.sqlite-wal", new byte[3_500_000]);

        await device.RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal("v14.0.0", Version(device));
        Assert.Equal("database of v14.0.0", Database(device));
    }

    [Fact]
    public async Task A_full_data_partition_hinders_neither_update_nor_way_back()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Unhealthy));
        device.Data.Provision(Places.Data + "/application", new byte[device.Data.FreeBytes - 4096]);

        await device.RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Equal("database of v14.0.0", Database(device));
    }

    [Theory]
    [InlineData("SUPERVISOR_IMAGE=balena/amd64-supervisor\nSUPERVISOR_TAG=v12.0.0\n", "SUPERVISOR_IMAGE=balena/amd64-supervisor\nSUPERVISOR_TAG=v14.1.0\n")]
    [InlineData("SUPERVISOR_IMAGE=old:v1\nSUPERVISOR_VERSION=v12.0.0\nLED_FILE=/x\n", "LED_FILE=/x\nSUPERVISOR_IMAGE=balena/amd64-supervisor:v14.1.0\nSUPERVISOR_VERSION=v14.1.0\n")]
    public void Settings_keep_their_keys(string text, string expected)
    {
        var image = EngineImageName.Parse($"balena/amd64-supervisor:v14.1.0@{Digest.Of("x"u8)}");

        Assert.Equal(expected, new SupervisorSettings("/x", text).With("v14.1.0", image).Text);
    }

    private static SimRelease With(string supervisor) => SimRelease.Make("2.101.0", SimBehaviour.Good, supervisor);

    private static string Version(SimDevice device) => SupervisorSettings.Load(device.Files)!.VersionText;

    private static string Database(SimDevice device) => Encoding.UTF8.GetString(device.Data.Read(SimSupervisor.Database)!);
}
