using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Crash;

/// <summary>Every single power cut of an update that brings another boot loader on raw areas: the board always finds a whole one.</summary>
public sealed class BootAreaCrashTests
{
    private static readonly BootAreaCopy[] Two = [new("disk", 8192), new("disk", 65536)];
    private static readonly BootAreaCopy[] OnTwoMedia = [new("boot0", 0), new("boot1", 0)];
    private static readonly BootAreaCopy[] One = [new("disk", 8192)];

    [Theory, MemberData(nameof(CrashTests.Cases), MemberType = typeof(CrashTests))]
    public async Task With_two_copies_a_power_cut_before_any_effect_leaves_a_loader_and_ends_with_that_of_the_running_os(SimBehaviour behaviour, Unflushed unflushed, bool oneMedium)
    {
        var (old, target) = Releases(behaviour, oneMedium ? Two : OnTwoMedia);
        var whole = await new SimDevice(old, target, unflushed).RunAsync();
        AssertLoader(whole, "no cut");

        foreach (int cut in CrashTests.Cuts(whole, unflushed))
        {
            var device = await new SimDevice(old, target, unflushed, [cut]).RunAsync();

            AssertLoader(device, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {unflushed}, {behaviour}");
        }
        Assert.Contains(whole.Power.Log, e => e.StartsWith("write ", StringComparison.Ordinal) && !e.EndsWith("spare", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(Unflushed.Lost, SimBehaviour.Good)]
    [InlineData(Unflushed.Torn, SimBehaviour.Good)]
    [InlineData(Unflushed.Torn, SimBehaviour.Unhealthy)]
    public async Task A_process_killed_while_it_writes_them_goes_on_in_the_same_boot(Unflushed unflushed, SimBehaviour behaviour)
    {
        var (old, target) = Releases(behaviour, Two);
        var whole = await new SimDevice(old, target, unflushed).RunAsync();
        int reboot = whole.Power.Log.IndexOf("reboot");

        for (int kill = whole.Power.Log.FindIndex(e => e.Contains("hostup-old/area", StringComparison.Ordinal)); kill < reboot; kill++)
        {
            var device = new SimDevice(old, target, unflushed);
            device.Power.KillBefore = kill + 1;

            await device.RunAsync();

            AssertLoader(device, $"killed before effect {kill + 1} ({whole.Power.Log[kill]})");
            Assert.Equal((whole.Outcome, whole.Boots), (device.Outcome, device.Boots));
        }
    }

    [Fact]
    public async Task A_repair_at_power_on_that_fails_once_loses_no_copy_of_the_old_loader()
    {
        var (old, target) = Releases(SimBehaviour.Unhealthy, Two);
        var whole = await new SimDevice(old, target, Unflushed.Torn).RunAsync();
        int repairs = 0;

        for (int cut = whole.Power.Log.FindIndex(IsWrite) + 2; cut <= whole.Power.Log.IndexOf("reboot") + 1; cut++)
        {
            var device = new SimDevice(old, target, Unflushed.Torn, [cut]);
            bool failed = false;
            device.Power.Meanwhile = _ =>
            {
                bool write = device.Boots == 2 && IsWrite(device.Power.Log[^1]);
                device.Media.Broken = write && !failed ? "disk" : null;
                failed |= write;
            };

            await device.RunAsync();

            AssertLoader(device, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)})");
            repairs += device.Said.Exists(s => s.Contains("input/output error", StringComparison.Ordinal)) ? 1 : 0;
        }
        Assert.True(repairs >= 3, $"only {repairs} repairs failed");
    }

    private static bool IsWrite(string effect) => effect.StartsWith("write disk:", StringComparison.Ordinal);

    [Theory, InlineData(SimBehaviour.Good), InlineData(SimBehaviour.Unhealthy)]
    public async Task A_release_that_changes_the_loader_and_no_boot_file_leaves_nothing_behind_at_any_cut(SimBehaviour behaviour)
    {
        var old = SimRelease.Make("2.100.0", SimBehaviour.Good).WithLoader("raw loader 2.100.0", Two);
        var plain = SimRelease.Make("2.101.0", behaviour);
        foreach (string path in plain.Files.Keys.Where(IsShared).ToList())
            plain.Files.Remove(path);
        foreach (var (path, content) in old.Files.Where(f => IsShared(f.Key)))
            plain.Files[path] = content;
        var target = plain.WithLoader("raw loader 2.101.0", Two);
        // What the owner changed and the kernel of the spare slot would be written: here they lie there already.
        SimDevice Device(params int[] cuts)
        {
            var device = new SimDevice(old, target, Unflushed.Torn, cuts);
            device.Boot.Provision(Places.Boot + "/cmdline.txt", old.BootFiles["cmdline.txt"]);
            device.Boot.Provision(Places.Boot + "/slot-3/vmlinuz", target.Kernel);
            return device;
        }
        var whole = await Device().RunAsync();
        Assert.DoesNotContain(whole.Power.Log, e => e.Contains("hostup-new", StringComparison.Ordinal));

        for (int cut = 1; cut <= whole.Power.Effects; cut++)
        {
            var device = await Device(cut).RunAsync();

            AssertLoader(device, $"cut before effect {cut} ({string.Join(", ", device.Power.CutBefore)}), {behaviour}");
        }
    }

    [Fact]
    public async Task With_one_copy_a_power_cut_costs_the_device_only_between_its_first_sector_and_its_flush()
    {
        var (old, target) = Releases(SimBehaviour.Good, One);
        var whole = await new SimDevice(old, target, Unflushed.Torn).RunAsync();
        int first = whole.Power.Log.IndexOf("write disk:8192") + 1, flush = whole.Power.Log.IndexOf("flush disk") + 1;

        var lost = new List<int>();
        for (int cut = 1; cut <= whole.Power.Effects; cut++)
        {
            var device = await new SimDevice(old, target, Unflushed.Torn, [cut]).RunAsync();
            if (device.Bricked is not null)
                lost.Add(cut);
        }

        Assert.Equal(Enumerable.Range(first + 1, flush - first), lost);
    }

    [Fact]
    public async Task The_same_loader_is_not_written_and_nothing_is_kept()
    {
        var (old, _) = Releases(SimBehaviour.Good, Two);
        var target = SimRelease.Make("2.101.0", SimBehaviour.Good).WithLoader("raw loader 2.100.0", Two);

        var device = await new SimDevice(old, target).RunAsync();

        AssertLoader(device, "same loader");
        Assert.DoesNotContain(device.Power.Log, e => e.Contains("disk", StringComparison.Ordinal) || e.Contains("area-", StringComparison.Ordinal));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_plan_names_the_places_and_what_a_single_one_may_cost(bool alone)
    {
        var (old, target) = Releases(SimBehaviour.Good, alone ? One : Two);
        var device = new SimDevice(old, target);

        var plan = await device.Target.PlanAsync(device);
        await device.RunAsync();

        string effect = plan.Steps.Single(s => s.Name == "write-boot-areas").Effect;
        Assert.Contains(alone ? "loader at disk:8192" : "loader at disk:8192 and disk:65536", effect, StringComparison.Ordinal);
        Assert.Equal(alone, effect.Contains("A POWER CUT IN THIS MOMENT", StringComparison.Ordinal));
        Assert.Equal(plan.Steps.Select(s => s.Name), new AttemptJournal(device.Files).Read().Where(r => r.Verb == JournalVerb.Started).Select(r => r.Step));
    }

    [Fact]
    public async Task A_medium_that_does_not_take_the_loader_ends_the_attempt_with_the_old_one()
    {
        var (old, target) = Releases(SimBehaviour.Good, OnTwoMedia);
        var device = new SimDevice(old, target);
        device.Media.Broken = "boot0";

        await device.RunAsync();

        Assert.Equal((AttemptStates.Failed, "boot-files"), (device.Outcome, device.End!.Error!.Code.Id));
        AssertLoader(device, "broken medium");
        Assert.Equal(BootFileSnapshot.Provisioned(old), BootFileSnapshot.Of(device));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_kept_copy_that_is_damaged_is_made_good_by_the_running_roots_own_file(bool rollback)
    {
        var device = WithDamagedCopies(rollback);

        await device.RunAsync();

        AssertLoader(device, "damaged copies");
        Assert.Equal(rollback ? AttemptStates.RolledBack : AttemptStates.Failed, device.Outcome);
        Assert.DoesNotContain("raw area", new AttemptJournal(device.Files).Read()[^1].Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_nobody_has_any_more_is_lost_and_the_end_says_so(bool rollback)
    {
        var device = WithDamagedCopies(rollback);
        device.Media.Provision("disk", Two[1].OffsetBytes, [.. Enumerable.Range(0, 4096).Select(i => (byte)i)]); // the owner's own

        await device.RunAsync();

        string message = new AttemptJournal(device.Files).Read()[^1].Message!;
        Assert.Contains("raw area disk:65536 is not as it was: its copy is damaged", message, StringComparison.Ordinal);
        Assert.Contains("it holds the new boot loader, which starts this OS too", message, StringComparison.Ordinal);
        Assert.DoesNotContain("disk:8192", message, StringComparison.Ordinal);
        Assert.Equal(device.RunningRelease!.Loader, device.Media.Read("disk", Two[0].OffsetBytes, 4096));
        Assert.Equal(rollback ? AttemptStates.RolledBack : AttemptStates.Failed, device.Outcome);
        Assert.False(device.Files.Exists(Places.BootFilesTouched));
        if (!rollback)
            Assert.Equal((RunEndKind.UndoIncomplete, "program"), (device.End!.Kind, device.End.Error!.Code.Id));
    }

    /// <summary>The copies are damaged when the reboot is asked for; it fails, or the new OS comes back.</summary>
    private static SimDevice WithDamagedCopies(bool rollback)
    {
        var (old, target) = Releases(rollback ? SimBehaviour.Unhealthy : SimBehaviour.Good, Two);
        var device = new SimDevice(old, target);
        device.Ports.RebootFault = () => rollback ? null : "no bus";
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.Rebooting)
                return;
            foreach (string copy in new[] { "area-0", "area-1" })
                device.Boot.Provision($"{Places.Boot}/hostup-old/{copy}", "damaged"u8.ToArray());
        };
        return device;
    }

    [Fact]
    public async Task A_board_without_the_medium_is_refused_before_anything_is_touched()
    {
        var (old, _) = Releases(SimBehaviour.Good, Two);
        var target = SimRelease.Make("2.101.0", SimBehaviour.Good).WithLoader("raw loader 2.101.0", OnTwoMedia);

        var device = await new SimDevice(old, target).RunAsync();

        Assert.Equal((AttemptStates.Refused, "boot-areas"), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.Contains("no medium boot0", device.End.Error.Why, StringComparison.Ordinal);
    }

    private static (SimRelease Old, SimRelease New) Releases(SimBehaviour behaviour, BootAreaCopy[] copies) =>
        (SimRelease.Make("2.100.0", SimBehaviour.Good).WithLoader("raw loader 2.100.0", copies), SimRelease.Make("2.101.0", behaviour).WithLoader("raw loader 2.101.0", copies));

    private static bool IsShared(string path) => path.StartsWith("resin-boot/", StringComparison.Ordinal) && !path.StartsWith("resin-boot/per-slot/", StringComparison.Ordinal);

    private static void AssertLoader(SimDevice device, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        var running = device.RunningRelease!;
        Assert.True(running.Loader is not null, when);
        foreach (var copy in running.LoaderCopies)
            Assert.True(device.Media.Read(copy.Medium, copy.OffsetBytes, running.Loader!.Length).AsSpan().SequenceEqual(running.Loader), $"{when}: {copy} does not hold the loader of {running.Version}");
        Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), p => p.StartsWith("hostup-", StringComparison.Ordinal));
        Assert.False(device.Files.Exists(Places.BootFilesTouched), when);
    }
}
