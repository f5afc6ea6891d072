using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Slots;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>The operator's way back: to the OS in the spare slot, by the machinery of an update, while the slot is what it was.</summary>
public sealed class RevertTests
{
    private const string Attempt = "fedcba9876543210fedcba9876543210", Again = "00112233445566778899aabbccddeeff";

    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Fact]
    public async Task The_device_runs_the_old_os_again_with_its_boot_files_its_supervisor_and_its_database()
    {
        var device = await UpdatedAsync();
        long received = device.Sources[0].Bytes.Received;

        await RevertAsync(device);

        AssertAtRest(device, "no cut");
        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal("database of v14.0.0", Encoding.UTF8.GetString(device.Data.Read(SimSupervisor.Database)!));
        Assert.Equal(received, device.Sources[0].Bytes.Received);
        Assert.Equal(["check-device", "stop-supervisor", "gate", "write-boot-files", "switch-boot", "reboot"],
            new AttemptJournal(device.Files).Read().Where(r => r.Verb == JournalVerb.Started).Select(r => r.Step));
    }

    [Fact]
    public async Task What_is_known_of_the_old_os_stays_as_it_was()
    {
        var device = await UpdatedAsync();
        var (old, current) = (SlotSystem.Load(device.Files, 2), SlotSystem.Load(device.Files, 3));

        await RevertAsync(device);

        Assert.Equal((Old.TreeDigest, "2.100.0"), (old!.Tree, old.Version));
        Assert.Null(old.Image);
        Assert.Equal((New.TreeDigest, "2.101.0"), (current!.Tree, current.Version));
        Assert.Equal(New.Manifest(2).Image.Digest, current.Image);
        Assert.Equal((old.Tree, old.Version, old.Image), (SlotSystem.Load(device.Files, 2)!.Tree, SlotSystem.Load(device.Files, 2)!.Version, SlotSystem.Load(device.Files, 2)!.Image));
        Assert.Equal((current.Tree, current.Version, current.Image), (SlotSystem.Load(device.Files, 3)!.Tree, SlotSystem.Load(device.Files, 3)!.Version, SlotSystem.Load(device.Files, 3)!.Image));
        Assert.Equal("2", Encoding.ASCII.GetString(device.Files.Read(Places.HighestSequence)));
    }

    [Fact]
    public async Task A_revert_is_reverted()
    {
        var device = await RevertAsync(await UpdatedAsync());

        await RevertAsync(device, Again);

        AssertAtRest(device, "twice");
        Assert.Equal((AttemptStates.Committed, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal("database of v14.1.0", Encoding.UTF8.GetString(device.Data.Read(SimSupervisor.Database)!));
    }

    /// <summary>The one that is to be left may be broken in just that.</summary>
    [Fact]
    public async Task An_engine_that_does_not_answer_is_no_reason_to_stay()
    {
        var device = await UpdatedAsync();
        device.Ports.EngineHangs = true;

        await RevertAsync(device);

        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
    }

    [Fact]
    public async Task A_device_that_never_ran_another_os_refuses()
    {
        var device = new SimDevice(Old, New);

        var error = await Assert.ThrowsAsync<HostupException>(() => RevertAsync(device));

        Assert.Equal(HostupErrors.OldOs, error.Code);
        Assert.Equal("cannot go back to the OS on resin-rootB: the slot holds none that ran on this device: there was none before, or the slot was written since", $"{error.What}: {error.Why}");
    }

    [Fact]
    public async Task A_slot_that_was_changed_is_refused_by_name()
    {
        var device = await UpdatedAsync();
        device.SlotA.Files!["etc/passwd"] = "root::0:0"u8.ToArray();
        device.SlotA.Flush();

        await RevertAsync(device);

        var end = new AttemptJournal(device.Files).Read()[^1];
        Assert.Equal((AttemptStates.Refused, "old-os", "2.101.0"), (device.Outcome, end.Code, device.RunningRelease!.Version));
        Assert.Contains("cannot go back to 2.100.0: slot resin-rootA was changed since it was final", end.Message, StringComparison.Ordinal);
        Assert.True(device.Ports.SupervisorRuns);
        Assert.Equal(new BootSettings(3, false, 0), device.Device.Boot.Read());
    }

    [Fact]
    public async Task What_was_on_a_slot_is_forgotten_before_it_is_formatted()
    {
        var device = await UpdatedAsync();
        var known = new List<SlotSystem?>();
        device.Power.Meanwhile = effect =>
        {
            if (device.Power.Log[^1] == "wipe spare")
                known.Add(SlotSystem.Load(device.Files, 2));
        };
        var next = SimRelease.Make("2.102.0", SimBehaviour.Good);
        device.Sources = [new SimSource("registry", next)];
        device.Target = new SimTarget(next.Manifest(3), false) { AttemptId = Attempt };
        device.Ports.CancelAt = AttemptStates.Verifying;

        await device.CutAtRestAsync();
        device.Ports.CancelAt = null;
        device.Ports.Wishes = AttemptWishes.None;

        Assert.Equal(AttemptStates.Cancelled, device.Outcome);
        Assert.Equal([null], known);
        Assert.Equal(HostupErrors.OldOs, (await Assert.ThrowsAsync<HostupException>(() => RevertAsync(device, Again))).Code);
    }

    [Fact]
    public async Task Locks_and_the_reboot_window_are_waited_for()
    {
        var device = await UpdatedAsync();
        device.Ports.LockHeldTimes = 3;
        device.Ports.States.Clear();
        device.Target = device.Target with { Policy = new UpdatePolicy { RebootWindow = "03:00-04:00" } };

        await RevertAsync(device);

        Assert.Equal([AttemptStates.Ready, AttemptStates.WaitingForLock], device.Ports.States.Where(s => s is AttemptStates.Ready or AttemptStates.WaitingForLock).Distinct());
        Assert.Equal((AttemptStates.Committed, "2.100.0"), (device.Outcome, device.RunningRelease!.Version));
    }

    [Fact]
    public async Task A_revert_that_is_cancelled_before_the_switch_changes_nothing()
    {
        var device = await UpdatedAsync();
        device.Ports.LockHeldTimes = 3;
        device.Ports.CancelAt = AttemptStates.WaitingForLock;

        await RevertAsync(device);

        Assert.Equal((AttemptStates.Cancelled, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.True(device.Ports.SupervisorRuns);
        AssertBootFiles(device, New, "cancelled");
    }

    [Fact]
    public async Task An_old_os_that_is_not_well_any_more_is_left_again()
    {
        var device = await UpdatedAsync();
        BreakOld(device);

        await RevertAsync(device);

        AssertAtRest(device, "unhealthy");
        Assert.Equal((AttemptStates.RolledBack, "2.101.0"), (device.Outcome, device.RunningRelease!.Version));
        Assert.Equal("health check `modem` failed 15 times: no carrier", new AttemptJournal(device.Files).Read()[^1].Message);
        Assert.False(device.Files.Exists(Places.KnownBad));
        Assert.False(device.Files.Exists(Places.Suspect));
    }

    public static TheoryData<string, bool, Unflushed> Cases()
    {
        var cases = new TheoryData<string, bool, Unflushed>();
        foreach (var family in SimBootFamily.All)
        {
            foreach (var unflushed in family == SimBootFamily.Grub ? new[] { Unflushed.Lost, Unflushed.Kept, Unflushed.Torn } : [Unflushed.Lost])
            {
                cases.Add(family.Name, true, unflushed);
                cases.Add(family.Name, false, unflushed);
            }
        }
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_power_cut_before_any_effect_of_a_revert_ends_on_one_of_the_two(string name, bool healthy, Unflushed unflushed)
    {
        var family = SimBootFamily.All.Single(f => f.Name == name);
        var whole = await UpdatedAsync(unflushed, family: family);
        int before = whole.Power.Effects;
        if (!healthy)
            BreakOld(whole);
        await RevertAsync(whole);
        AssertAtRest(whole, "no cut");
        Assert.Equal(healthy ? Old : New, whole.RunningRelease);
        int trial = whole.Power.Log.FindIndex(before, e => e == "reboot");
        Assert.True(whole.Power.Effects - before > 60, $"only {whole.Power.Effects - before} effects");

        for (int cut = before + 1; cut <= whole.Power.Effects; cut++)
        {
            var device = await UpdatedAsync(unflushed, [cut], family);
            if (!healthy)
                BreakOld(device);
            await RevertAsync(device);

            string when = $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {unflushed}, {name}, healthy {healthy}";
            AssertAtRest(device, when);
            Assert.True(healthy || device.RunningRelease == New, $"{when}: stays on an OS that is not well");
            Assert.True(!healthy || cut > trial || device.RunningRelease == Old, $"{when}: {device.Outcome}");
        }
    }

    [Fact]
    public async Task A_process_of_a_revert_that_is_killed_before_any_effect_goes_on_in_the_same_boot()
    {
        var whole = await UpdatedAsync();
        int before = whole.Power.Effects;
        await RevertAsync(whole);
        int last = whole.Power.Log.FindIndex(before, e => e == "reboot");

        for (int kill = before + 1; kill <= last; kill++)
        {
            var device = await UpdatedAsync();
            device.Power.KillBefore = kill;
            await RevertAsync(device);

            AssertAtRest(device, $"killed before {device.Power.Log[kill - 1]}");
            Assert.Equal((AttemptStates.Committed, whole.Boots), (device.Outcome, device.Boots));
        }
    }

    private static Task<SimDevice> UpdatedAsync(Unflushed unflushed = Unflushed.Lost, IReadOnlyList<int>? cuts = null, SimBootFamily? family = null) =>
        new SimDevice(Old, New, unflushed, cuts, family: family).RunAsync();

    private static Task<SimDevice> RevertAsync(SimDevice device, string attempt = Attempt)
    {
        device.Target = device.Target with { AttemptId = attempt, Revert = true };
        return device.CutAtRestAsync();
    }

    private static void BreakOld(SimDevice device) => device.Ports.MoreHealth = release => [new HealthResult("modem", Required: true, release == New, "no carrier")];

    private static void AssertAtRest(SimDevice device, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        var running = device.RunningRelease;
        Assert.True(running == Old || running == New, $"{when}: runs an unknown tree");
        bool isNewer = running == New;
        Assert.True(device.Outcome is AttemptStates.Committed or AttemptStates.RolledBack, $"{when}: {device.Outcome}");
        var settings = device.Device.Boot.Read();
        Assert.True(settings.RootPartition == device.RunningSlot.PartitionNumber && !settings.UpgradeAvailable && settings.BootCount == 0, $"{when}: boot settings {settings}");
        Assert.True(device.Ports.SupervisorRuns, $"{when}: the supervisor is stopped");
        Assert.Equal((Old.TreeDigest, New.TreeDigest), (device.SlotA.TreeDigest, device.SlotB.TreeDigest));
        string supervisor = isNewer ? New.SupervisorVersion : SimSupervisor.First;
        Assert.True(device.SupervisorVersion == supervisor, $"{when}: supervisor {device.SupervisorVersion} instead of {supervisor}");
        foreach (string leftover in new[] { Places.AltbootBreadcrumb, Places.HealthBreadcrumb, Places.BootFilesTouched, Places.TrialBoots })
            Assert.False(device.Files.Exists(leftover), $"{when}: {leftover} is left");
        AssertBootFiles(device, running!, when);
    }

    private static void AssertBootFiles(SimDevice device, SimRelease running, string when)
    {
        foreach (var (path, content) in running.BootFiles.Where(f => f.Key != "config.txt"))
            Assert.True(device.Boot.Read($"{Places.Boot}/{path}")?.AsSpan().SequenceEqual(content) == true, $"{when}: boot file {path} is not that of {running.Version}");
        Assert.Contains("the owner's", Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.txt")!), StringComparison.Ordinal);
    }
}
