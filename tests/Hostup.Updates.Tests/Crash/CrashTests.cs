using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;

namespace Hostup.Updates.Tests.Crash;

/// <summary>Every single power cut of a whole update: safety (old or new, never neither) and liveness (a good release does commit).</summary>
public sealed class CrashTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

    public static TheoryData<SimBehaviour, Unflushed, bool> Cases()
    {
        var cases = new TheoryData<SimBehaviour, Unflushed, bool>();
        foreach (var behaviour in Enum.GetValues<SimBehaviour>())
        {
            foreach (var unflushed in Enum.GetValues<Unflushed>())
            {
                cases.Add(behaviour, unflushed, true);
                cases.Add(behaviour, unflushed, false);
            }
        }
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_power_cut_before_any_effect_ends_on_the_old_or_the_new_os(SimBehaviour behaviour, Unflushed unflushed, bool exchange)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        var whole = await Device(target, unflushed, exchange, []).RunAsync();
        int effects = whole.Power.Effects;

        foreach (int cut in Cuts(whole, unflushed))
        {
            var device = await Device(target, unflushed, exchange, [cut]).RunAsync();

            AssertAtRest(device, target, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {unflushed}, {behaviour}, exchange {exchange}");
            // What was decided is not begun anew.
            Assert.True(device.Boots <= whole.Boots + 1, $"cut before {string.Join(", ", device.Power.CutBefore)}, {unflushed}, {behaviour}: {device.Boots} boots instead of {whole.Boots}");
        }
        Assert.True(effects > 80, $"only {effects} effects: the simulator does not see the update");
    }

    public static TheoryData<string, SimBehaviour, Unflushed> FamilyCases()
    {
        var cases = new TheoryData<string, SimBehaviour, Unflushed>();
        foreach (var family in SimBootFamily.All.Skip(1))
        {
            foreach (var behaviour in Enum.GetValues<SimBehaviour>().Where(b => b != SimBehaviour.Panics || family != SimBootFamily.Direct))
            {
                foreach (var unflushed in Enum.GetValues<Unflushed>())
                    cases.Add(family.Name, behaviour, unflushed);
            }
        }
        return cases;
    }

    [Theory, MemberData(nameof(FamilyCases))]
    public async Task On_every_boot_loader_a_power_cut_before_any_effect_ends_on_the_old_or_the_new_os(string name, SimBehaviour behaviour, Unflushed unflushed)
    {
        var family = SimBootFamily.All.Single(f => f.Name == name);
        var target = SimRelease.Make("2.101.0", behaviour);
        var whole = await new SimDevice(Old, target, unflushed, family: family).RunAsync();
        AssertAtRest(whole, target, $"no cut, {name}, {behaviour}");
        Assert.Equal(behaviour == SimBehaviour.Good ? AttemptStates.Committed : AttemptStates.RolledBack, whole.Outcome);

        foreach (int cut in Cuts(whole, unflushed))
        {
            var device = await new SimDevice(Old, target, unflushed, [cut], family: family).RunAsync();

            AssertAtRest(device, target, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {unflushed}, {behaviour}, {name}");
        }
    }

    [Theory]
    [InlineData(SimBehaviour.Good, AttemptStates.Committed, 2)]
    [InlineData(SimBehaviour.Unhealthy, AttemptStates.RolledBack, 3)]
    [InlineData(SimBehaviour.Panics, AttemptStates.RolledBack, 3)]
    public async Task Without_a_power_cut_a_good_release_commits_after_one_reboot_and_a_bad_one_comes_back(SimBehaviour behaviour, string outcome, int boots)
    {
        var target = SimRelease.Make("2.101.0", behaviour);

        var device = await Device(target, Unflushed.Lost, true, []).RunAsync();

        AssertAtRest(device, target, $"{behaviour}");
        Assert.Equal(outcome, device.Outcome);
        Assert.Equal(boots, device.Boots);
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task A_power_cut_after_the_end_changes_nothing(SimBehaviour behaviour, Unflushed unflushed, bool exchange)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        var device = await Device(target, unflushed, exchange, []).RunAsync();
        string outcome = device.Outcome;

        await device.CutAtRestAsync();

        AssertAtRest(device, target, $"cut at rest, {unflushed}, {behaviour}");
        Assert.Equal(outcome, device.Outcome);
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task A_good_release_that_was_cut_before_the_trial_still_commits(Unflushed unflushed)
    {
        var target = SimRelease.Make("2.101.0", SimBehaviour.Good);
        var whole = await Device(target, unflushed, true, []).RunAsync();
        int trial = whole.Power.Log.FindIndex(e => e == "reboot");

        for (int cut = 1; cut <= trial; cut++)
        {
            var device = await Device(target, unflushed, true, [cut]).RunAsync();

            Assert.True(device.Outcome == AttemptStates.Committed, $"cut before {string.Join(", ", device.Power.CutBefore)}, {unflushed}: {device.Outcome}");
        }
    }

    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task A_good_release_that_was_cut_after_its_trial_boot_was_counted_still_commits(Unflushed unflushed)
    {
        var target = SimRelease.Make("2.101.0", SimBehaviour.Good);
        var whole = await Device(target, unflushed, true, []).RunAsync();
        int reboot = whole.Power.Log.FindIndex(e => e == "reboot");
        int counted = whole.Power.Log.FindIndex(reboot, e => e == $"flush {SimDevice.GrubEnv}");

        for (int cut = counted + 2; cut <= whole.Power.Effects; cut++)
        {
            var device = await Device(target, unflushed, true, [cut]).RunAsync();

            Assert.True(device.Outcome == AttemptStates.Committed, $"cut before {string.Join(", ", device.Power.CutBefore)}, {unflushed}: {device.Outcome}");
        }
    }

    /// <summary>What the cut left is repaired at power-on. That fails once, at any of its effects, and the same boot goes on with the update.</summary>
    [Theory]
    [InlineData(Unflushed.FirstName, true)]
    [InlineData(Unflushed.SecondName, true)]
    [InlineData(Unflushed.FirstName, false)]
    [InlineData(Unflushed.SecondName, false)]
    public async Task A_change_of_names_that_was_cut_costs_no_file_when_its_repair_fails_once(Unflushed unflushed, bool exchange)
    {
        var target = SimRelease.Make("2.101.0", SimBehaviour.Good);
        var whole = await Device(target, unflushed, exchange, []).RunAsync();
        var cuts = Cuts(whole, unflushed).Where(c => whole.Power.Log[c - 2].Contains($" {Places.Boot}/", StringComparison.Ordinal)).ToList();
        Assert.True(cuts.Count >= 4, $"only {cuts.Count} cuts in changes of names on the boot partition");

        int doubts = 0;
        foreach (var (cut, fault) in cuts.SelectMany(c => Enumerable.Range(1, 9).Select(f => (c, f))))
        {
            var device = Device(target, unflushed, exchange, [cut]);
            int effects = 0;
            device.Files.Fault = _ => device.Boots == 2 && ++effects == fault ? "input/output error" : null;
            device.Files.Loses = unflushed;

            await device.RunAsync();
            string when = $"cut after {whole.Power.Log[cut - 2]}, {unflushed}, exchange {exchange}, fault at effect {fault} of the repair ({string.Join("; ", device.Said)})";
            Assert.True(effects >= fault, $"{when}: no fault");
            // The first effect changes no name: nothing is in doubt.
            Assert.True(fault > 1 || (device.Outcome == AttemptStates.Committed && device.Said.Exists(s => s.Contains("input/output error", StringComparison.Ordinal))), $"{when}: {device.Outcome}");
            doubts += device.Ports.Notes.Any(n => n.Contains("cannot bring the boot files in order in this boot", StringComparison.Ordinal)) ? 1 : 0;
            // What counts is what the medium has.
            await device.CutAtRestAsync();

            if (device.Outcome == AttemptStates.Committed)
                AssertAtRest(device, target, when);
            else
                AssertFailedAsBefore(device, when);
        }
        // Nothing is built on names that may not be on the medium.
        Assert.True(doubts > 0, "no repair left a doubt");
    }

    [Theory]
    [InlineData(SimBehaviour.Good)]
    [InlineData(SimBehaviour.Unhealthy)]
    public async Task An_update_process_killed_before_any_effect_goes_on_in_the_same_boot(SimBehaviour behaviour)
    {
        var target = SimRelease.Make("2.101.0", behaviour);
        var whole = await Device(target, Unflushed.Lost, true, []).RunAsync();
        int last = whole.Power.Log.FindIndex(e => e == "reboot");

        for (int kill = 1; kill <= last; kill++)
        {
            var device = Device(target, Unflushed.Lost, true, []);
            device.Power.KillBefore = kill;

            await device.RunAsync();

            string when = $"killed before effect {kill} ({whole.Power.Log[kill - 1]}), {behaviour}";
            AssertAtRest(device, target, when);
            Assert.True(device.Outcome == whole.Outcome && device.Boots == whole.Boots, $"{when}: {device.Outcome} after {device.Boots} boots");
        }
    }

    /// <summary>Before every effect. What half a change of two names leaves differs from <see cref="Unflushed.Kept"/> only right after one.</summary>
    internal static IEnumerable<int> Cuts(SimDevice whole, Unflushed unflushed)
    {
        var cuts = Enumerable.Range(1, whole.Power.Effects).ToList();
        if (unflushed is not (Unflushed.FirstName or Unflushed.SecondName))
            return cuts;
        cuts.RemoveAll(cut => cut == 1 || !whole.Power.Log[cut - 2].StartsWith("exchange ", StringComparison.Ordinal) && !whole.Power.Log[cut - 2].StartsWith("rename ", StringComparison.Ordinal));
        Assert.True(cuts.Count > 5, $"only {cuts.Count} changes of two names");
        return cuts;
    }

    private static SimDevice Device(SimRelease target, Unflushed unflushed, bool exchange, int[] cuts) => new(Old, target, unflushed, cuts) { CanExchange = exchange };

    private static void AssertAtRest(SimDevice device, SimRelease target, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        var running = device.RunningRelease;
        Assert.True(running == Old || running == target, $"{when}: runs an unknown tree");
        bool isNew = running == target;
        Assert.True(!isNew || target.Behaviour == SimBehaviour.Good, $"{when}: stays on a {target.Behaviour} release");
        Assert.True(device.Outcome == (isNew ? AttemptStates.Committed : AttemptStates.RolledBack), $"{when}: runs {running!.Version}, journal says {device.Outcome}");
        var settings = device.Device.Boot.Read();
        Assert.True(settings.RootPartition == device.RunningSlot.PartitionNumber && !settings.UpgradeAvailable && settings.BootCount == 0, $"{when}: boot settings {settings}");
        Assert.True(device.Ports.SupervisorRuns, $"{when}: the supervisor is stopped");
        Assert.Equal(Old.TreeDigest, device.SlotA.TreeDigest);
        Assert.False(target.Behaviour == SimBehaviour.Good && device.Files.Exists(Places.KnownBad), $"{when}: one cut made a good release known bad");
        string supervisor = isNew ? target.SupervisorVersion : SimSupervisor.First;
        Assert.True(device.SupervisorVersion == supervisor, $"{when}: supervisor {device.SupervisorVersion} instead of {supervisor}");
        foreach (string leftover in new[] { Places.AltbootBreadcrumb, Places.HealthBreadcrumb, Places.BootFilesTouched, Places.TrialBoots, Places.TrialBootsSettled })
            Assert.False(device.Files.Exists(leftover), $"{when}: {leftover} is left");
        AssertBootFiles(device, running!, when);
    }

    private static void AssertFailedAsBefore(SimDevice device, string when)
    {
        Assert.True(device.Bricked is null && device.RunningRelease == Old, $"{when}: {device.Bricked}");
        Assert.True(device.Outcome == AttemptStates.Failed, $"{when}: {device.Outcome}");
        Assert.False(device.Files.Exists(Places.BootFilesTouched), when);
        AssertBootFiles(device, Old, when);
    }

    private static void AssertBootFiles(SimDevice device, SimRelease running, string when)
    {
        if (running == Old)
        {
            string found = BootFileSnapshot.Of(device);
            string old = BootFileSnapshot.Provisioned(Old, device.Family);
            Assert.True(found == old, $"{when}: boot files {found} instead of {old}");
            return;
        }
        var expected = running.BootFiles.Keys.Append(Path.GetRelativePath(Places.Boot, device.Family.File)).Append("slot-2/vmlinuz").Append("slot-3/vmlinuz").ToHashSet();
        foreach (var (path, content) in running.BootFiles.Where(f => f.Key != "config.txt"))
            Assert.True(device.Boot.Read($"{Places.Boot}/{path}")?.AsSpan().SequenceEqual(content) == true, $"{when}: boot file {path} is not that of {running.Version}");
        Assert.Contains("the owner's", System.Text.Encoding.UTF8.GetString(device.Boot.Read(Places.Boot + "/config.txt")!), StringComparison.Ordinal);
        // The new set keeps what the old one had: files of the old root stay until an update removes them by name.
        var unexpected = device.Files.ListFiles(Places.Boot).Where(f => !expected.Contains(f) && !(running != Old && Old.BootFiles.ContainsKey(f)));
        Assert.True(!unexpected.Any(), $"{when}: left on the boot partition: {string.Join(", ", unexpected)}");
    }

}
