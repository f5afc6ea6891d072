using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Crash;

/// <summary>A state partition that takes nothing from an effect on: the device runs and says so, and ends the attempt once it takes writes again.</summary>
public sealed class StateFaultTests
{
    // the first, one or two trials with the way back from each, and the power cut of the test
    private const int MostBoots = 6;

    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

    public static TheoryData<SimBehaviour, bool, Unflushed> Cases()
    {
        var cases = new TheoryData<SimBehaviour, bool, Unflushed>();
        foreach (var behaviour in Enum.GetValues<SimBehaviour>())
        {
            foreach (var unflushed in new[] { Unflushed.Lost, Unflushed.Kept })
            {
                cases.Add(behaviour, false, unflushed);
                cases.Add(behaviour, true, unflushed);
            }
        }
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task One_that_fails_for_good_leaves_a_device_that_runs_and_is_settled_when_it_is_mended(SimBehaviour behaviour, bool onlyFlushes, Unflushed unflushed)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        // What is kept all the same is less of a fault: every other effect.
        foreach (var (effect, name) in (await EffectsAsync(target, onlyFlushes, unflushed)).Where((_, i) => unflushed == Unflushed.Lost || i % 2 == 0))
        {
            string when = $"{behaviour}, {(onlyFlushes ? "only flushes fail" : "read-only")} from effect {effect} ({name}) on, {unflushed}";
            var device = new SimDevice(Old, target, unflushed);
            var fault = device.Files.StateFault = new SimStateFault(effect, onlyFlushes, untilReboot: false);
            await device.RunAsync();
            AssertRuns(device, target, when);
            await TakeUpAgainAsync(device, target, when);
            string outcome = device.Outcome;
            int boots = device.Boots;

            await device.CutAtRestAsync();
            AssertRuns(device, target, $"{when}, in the next boot");
            await device.CutAtRestAsync();
            AssertRuns(device, target, $"{when}, in the boot after it");
            Assert.True(device.Boots <= boots + 6, $"{when}: {device.Boots - boots} boots in two power cuts");
            fault.IsMended = true;
            await device.CutAtRestAsync();

            AssertSettled(device, target, $"{when}, mended");
            // The last record that is written before ext4 becomes read-only is seen until the reboot, and comes again.
            Assert.True(outcome == "open" || device.Outcome == outcome, $"{when}: it was {outcome} and is {device.Outcome}");
        }
    }

    [Theory]
    [InlineData("stop supervisor", "cannot close the attempt: read-only file system: /mnt/state/hostup/journal")]
    [InlineData("rename /mnt/state/rollback-health-breadcrumb", "cannot take back step switch-boot of the update: read-only file system: /mnt/state/rollback-health-variables")]
    public async Task What_cannot_be_ended_is_said_with_its_reason_and_tried_again(string last, string said)
    {
        var whole = await new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good)).RunAsync();
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good));
        device.Files.StateFault = new SimStateFault(whole.Power.Log.IndexOf(last) + 2, onlyFlushes: false, untilReboot: false);

        await device.RunAsync();

        Assert.Equal(RunEndKind.UndoIncomplete, device.End!.Kind);
        Assert.StartsWith(said, device.End.Error!.Message, StringComparison.Ordinal);
        Assert.Contains(device.End.Error.Message, device.Ports.Notes);
        Assert.Equal((1, "open"), (device.Boots, device.Outcome));
    }

    [Fact]
    public async Task One_that_takes_nothing_from_the_beginning_lets_no_attempt_begin()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good));
        device.Files.StateFault = new SimStateFault(from: 0, onlyFlushes: true, untilReboot: false);

        await device.RunAsync();

        Assert.Equal((RunEndKind.Failed, "journal"), (device.End!.Kind, device.End.Error!.Code.Id));
        Assert.StartsWith("cannot begin the update: input/output error: /mnt/state/", device.End.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(device.Power.Log, e => !e.Contains(Places.State, StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task One_that_fails_until_the_next_boot_is_settled_by_it(SimBehaviour behaviour, bool onlyFlushes, Unflushed unflushed)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        // Every other one: each is in the one or the other fate of what was not flushed.
        foreach (var (effect, name) in (await EffectsAsync(target, onlyFlushes, unflushed)).Where((_, i) => i % 2 == (unflushed == Unflushed.Lost ? 0 : 1)))
        {
            string when = $"{behaviour}, {(onlyFlushes ? "only flushes fail" : "read-only")} from effect {effect} ({name}) on until the next boot, {unflushed}";
            var device = new SimDevice(Old, target, unflushed);
            device.Files.StateFault = new SimStateFault(effect, onlyFlushes, untilReboot: true);
            await device.RunAsync();
            AssertRuns(device, target, when);

            await device.CutAtRestAsync();

            AssertSettled(device, target, when);
            Assert.True(device.Boots <= MostBoots, $"{when}: {device.Boots} boots");
        }
    }

    public static TheoryData<string, SimBehaviour> FamilyCases()
    {
        var cases = new TheoryData<string, SimBehaviour>();
        foreach (var family in SimBootFamily.All.Skip(1))
        {
            foreach (var behaviour in Enum.GetValues<SimBehaviour>().Where(b => b != SimBehaviour.Panics || family != SimBootFamily.Direct))
                cases.Add(family.Name, behaviour);
        }
        return cases;
    }

    [Theory, MemberData(nameof(FamilyCases))]
    public async Task On_every_boot_loader_one_that_turns_read_only_leaves_a_device_that_runs(string name, SimBehaviour behaviour)
    {
        var family = SimBootFamily.All.Single(f => f.Name == name);
        var target = SimRelease.Make("2.101.0", behaviour);
        foreach (var (effect, act) in (await EffectsAsync(target, onlyFlushes: false, Unflushed.Lost, family)).Where((_, i) => i % 3 == 0))
        {
            string when = $"{name}, {behaviour}, read-only from effect {effect} ({act}) on";
            var device = new SimDevice(Old, target, family: family);
            var fault = device.Files.StateFault = new SimStateFault(effect, onlyFlushes: false, untilReboot: false);
            await device.RunAsync();
            AssertRuns(device, target, when);
            await device.CutAtRestAsync();
            AssertRuns(device, target, $"{when}, in the next boot");
            fault.IsMended = true;

            await device.CutAtRestAsync();

            AssertSettled(device, target, $"{when}, mended");
        }
    }

    /// <summary>As the agent does, in the same boot.</summary>
    private static async Task TakeUpAgainAsync(SimDevice device, SimRelease target, string when)
    {
        var run = new UpdateRun(device.Device, device.Ports, _ => device.Sources);
        string outcome = device.Outcome;
        for (int i = 0; i < 2; i++)
        {
            var end = await run.ResumeAsync(CancellationToken.None);

            Assert.True(end.Kind is RunEndKind.UndoIncomplete or RunEndKind.TrialPending or RunEndKind.NothingToDo, $"{when}, taken up again: {end}");
            AssertRuns(device, target, $"{when}, taken up again");
            Assert.Equal(outcome, device.Outcome);
        }
    }

    /// <summary>
    /// Effects on the state partition, with their numbers: all from the boot files on; of those before, which are the same for each release and each fate of what was not
    /// flushed, the six cases take every sixth each, and so all together.
    /// </summary>
    private static async Task<IReadOnlyList<(int Effect, string Name)>> EffectsAsync(SimRelease target, bool onlyFlushes, Unflushed unflushed, SimBootFamily? family = null)
    {
        var whole = await new SimDevice(Old, target, family: family).RunAsync();
        int bootFiles = whole.Power.Log.FindIndex(e => e.EndsWith(Places.BootFilesTouched + ".new", StringComparison.Ordinal));
        int share = ((int)target.Behaviour * 2) + (unflushed == Unflushed.Lost ? 0 : 1);
        var effects = whole.Power.Log.Select((e, i) => (Effect: i + 1, Name: e))
            .Where(e => e.Name.Contains(Places.State, StringComparison.Ordinal) && (!onlyFlushes || e.Name.StartsWith("flush", StringComparison.Ordinal)))
            .Where((e, i) => e.Effect > bootFiles || i % 6 == share).ToList();
        Assert.True(effects.Count > 20, $"only {effects.Count} effects on the state partition");
        return effects;
    }

    private static void AssertRuns(SimDevice device, SimRelease target, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        var running = device.RunningRelease;
        Assert.True(running == Old || (running == target && target.Behaviour == SimBehaviour.Good), $"{when}: runs {running?.Version}, {running?.Behaviour}");
        Assert.True(device.Ports.SupervisorRuns, $"{when}: the supervisor is stopped");
        var settings = device.Device.Boot.Read();
        bool settled = settings.RootPartition == device.RunningSlot.PartitionNumber && !settings.UpgradeAvailable;
        bool fallsBack = running == Old && settings.RootPartition == device.SlotB.PartitionNumber && settings.UpgradeAvailable && settings.BootCount == device.Device.Boot.FallbackBoot;
        Assert.True(settled || fallsBack, $"{when}: runs {running!.Version}, boot settings {settings}; {string.Join(" | ", device.Said)}");
        if (running == Old && settled)
            Assert.True(BootFileSnapshot.Of(device) == BootFileSnapshot.Provisioned(Old, device.Family), $"{when}: boot files {BootFileSnapshot.Of(device)}");
        string outcome = device.Outcome;
        Assert.True(outcome == "open" || (outcome == AttemptStates.Committed) == (running == target), $"{when}: runs {running!.Version}, journal says {outcome}");
        Assert.True(outcome != "open" || device.End is null or { Kind: RunEndKind.UndoIncomplete or RunEndKind.Failed, Error.Message.Length: > 0 } or { Kind: RunEndKind.TrialPending or RunEndKind.Rebooting }, $"{when}: open, and the last process ended with {device.End}");
    }

    private static void AssertSettled(SimDevice device, SimRelease target, string when)
    {
        AssertRuns(device, target, when);
        Assert.True(device.Outcome is AttemptStates.Committed or AttemptStates.RolledBack or AttemptStates.Failed, $"{when}: {device.Outcome}; {device.End}; {string.Join(" | ", device.Said)}");
        var settings = device.Device.Boot.Read();
        Assert.True(settings.RootPartition == device.RunningSlot.PartitionNumber && settings is { UpgradeAvailable: false, BootCount: 0 }, $"{when}: boot settings {settings}");
        string supervisor = device.RunningRelease == target ? target.SupervisorVersion : SimSupervisor.First;
        Assert.True(device.SupervisorVersion == supervisor, $"{when}: supervisor {device.SupervisorVersion} instead of {supervisor}");
        foreach (string leftover in new[] { Places.AltbootBreadcrumb, Places.HealthBreadcrumb, Places.BootFilesTouched, Places.TrialBoots })
            Assert.False(device.Files.Exists(leftover), $"{when}: {leftover} is left");
    }
}
