using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Reporting;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Crash;

/// <summary>A boot partition that fails, at every effect that an update has on it: afterwards it is as it was, and the old OS boots.</summary>
public sealed class BootFaultTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);
    // The same with a boot loader on raw areas, whose old content is kept on the boot partition.
    private static readonly SimRelease OldWithLoader = Old.WithLoader("raw loader 2.100.0", [new("disk", 8192), new("disk", 65536)]);
    private static readonly SimRelease NewWithLoader = New.WithLoader("raw loader 2.101.0", [new("disk", 8192), new("disk", 65536)]);

    public static TheoryData<bool, bool> Devices() => new() { { true, false }, { false, false }, { true, true }, { false, true } };

    [Theory, MemberData(nameof(Devices))]
    public async Task A_write_error_at_any_effect_ends_the_attempt_and_leaves_the_partition_as_it_was(bool exchange, bool loader)
    {
        int names = 0;
        foreach (int effect in await EffectsAsync(exchange, loader))
        {
            var device = Device(exchange, loader);
            device.Files.Fault = number => number == effect ? "input/output error" : null;

            await device.RunAsync();
            bool inNames = device.Outcome == "open";
            if (inNames)
                await RebootAsync(device);

            AssertAsBefore(device, When(device, effect));
            Assert.Equal(inNames ? 2 : 1, device.Boots);
            names += inNames ? 1 : 0;
        }
        // Before the first name moves all is taken back at once.
        if (!loader)
            Assert.InRange(names, 3, (await EffectsAsync(exchange)).Count - 12);
    }

    /// <summary>The kernel goes on with what it was given: memory shows the exchanged files, the medium one of them under both names.</summary>
    [Theory]
    [InlineData(Unflushed.FirstName, false)]
    [InlineData(Unflushed.SecondName, false)]
    [InlineData(Unflushed.FirstName, true)]
    [InlineData(Unflushed.SecondName, true)]
    public async Task A_name_that_the_medium_does_not_take_costs_no_file(Unflushed left, bool loader)
    {
        int unsure = 0;
        foreach (int effect in await EffectsAsync(exchange: true, loader))
        {
            var device = Device(exchange: true, loader);
            device.Files.Loses = left;
            device.Files.Fault = number => number == effect ? "input/output error" : null;

            await device.RunAsync();
            if (device.Outcome == "open")
            {
                unsure++;
                await RebootAsync(device);
            }

            AssertAsBefore(device, When(device, effect));
        }
        Assert.True(loader || unsure >= 3, $"only {unsure} effects leave a doubt");
    }

    /// <summary>The flush of the switch fails although the medium took it, that of its undo fails and the medium did not: memory shows the old settings all the same.</summary>
    [Fact]
    public async Task A_switch_that_the_medium_may_have_is_written_back_until_a_flush_succeeds()
    {
        var device = Device(exchange: true);
        int failed = 0;
        device.Files.Fault = _ =>
        {
            if (device.Power.Log[^1] != $"flush {SimDevice.GrubEnv}" || failed == 2)
                return null;
            device.Files.Loses = ++failed == 1 ? Unflushed.Kept : Unflushed.Lost;
            return "input/output error";
        };
        await device.RunAsync();
        Assert.Equal((2, "open"), (failed, device.Outcome));
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());

        Assert.Equal(RunEndKind.Failed, (await new UpdateRun(device.Device, device.Ports, _ => device.Sources).ResumeAsync(CancellationToken.None)).Kind);
        await device.CutAtRestAsync();

        AssertAsBefore(device, "after the undo that succeeded");
        Assert.Equal(2, device.Boots);
    }

    private static async Task RebootAsync(SimDevice device)
    {
        Assert.Equal(RunEndKind.UndoIncomplete, device.End!.Kind);
        Assert.Contains("reboot the device", device.End.Error!.Message, StringComparison.Ordinal);
        await device.CutAtRestAsync();
    }

    [Theory, MemberData(nameof(Devices))]
    public async Task A_partition_that_turns_read_only_at_any_effect_is_repaired_at_the_next_power_on(bool exchange, bool loader)
    {
        foreach (int effect in await EffectsAsync(exchange, loader))
        {
            var device = Device(exchange, loader);
            device.Files.Fault = number => number >= effect && device.Boots == 1 ? "read-only file system" : null;
            await device.RunAsync();
            Assert.True(device.Outcome is "open" or AttemptStates.Failed, When(device, effect));
            Assert.True(device.Ports.SupervisorRuns, $"{When(device, effect)}: the supervisor stays stopped");

            await device.CutAtRestAsync();

            AssertAsBefore(device, When(device, effect));
            Assert.Equal(2, device.Boots);
        }
    }

    [Fact]
    public async Task A_partition_that_stays_read_only_for_days_keeps_no_attempt_from_its_end()
    {
        var device = Device(exchange: true);
        int effect = (await EffectsAsync(exchange: true))[8];
        bool broken = true;
        device.Files.Fault = number => number >= effect && broken ? "read-only file system" : null;
        await device.RunAsync();
        var run = new UpdateRun(device.Device, device.Ports, _ => device.Sources);

        for (int i = 0; i < 300; i++)
            Assert.Equal(RunEndKind.UndoIncomplete, (await run.ResumeAsync(CancellationToken.None)).Kind);

        var report = JournalView.Report(new AttemptJournal(device.Files).Read(), plan: null, progress: null, trial: false)!;
        Assert.Equal(("boot-files", AttemptStates.BootFiles), (report.ErrorCode, report.State));
        Assert.Contains("read-only file system", report.Message, StringComparison.Ordinal);
        Assert.Contains(device.Ports.Notes, n => n.StartsWith("cannot take back step write-boot-files of the update", StringComparison.Ordinal));
        Assert.True(device.Ports.SupervisorRuns);
        var undone = new AttemptJournal(device.Files).Read().Where(r => r.Verb == JournalVerb.Undone).Select(r => r.Step).ToList();
        Assert.Equal(undone.Distinct(), undone);
        FillAsOlderProgramsDid(device);
        broken = false;
        Assert.Equal(RunEndKind.Failed, (await run.ResumeAsync(CancellationToken.None)).Kind);
        AssertAsBefore(device, "after the medium takes writes again");
    }

    private static void FillAsOlderProgramsDid(SimDevice device)
    {
        var log = new AttemptLog(device.Device);
        while (log.Records.Count < AttemptJournal.MaxRecords)
            log.Undone("switch-boot");
        Assert.Throws<HostupException>(() => log.Undone("switch-boot"));
    }

    [Theory, MemberData(nameof(Devices))]
    public async Task A_partition_that_somebody_fills_at_any_effect_holds_the_old_set_or_the_new_one(bool exchange, bool loader)
    {
        int failed = 0;
        foreach (int effect in await EffectsAsync(exchange, loader))
        {
            var device = Device(exchange, loader);
            device.Power.Meanwhile = number =>
            {
                if (number == effect)
                    device.Boot.Create(Places.Boot + "/filler", new byte[device.Boot.FreeBytes]);
            };

            await device.RunAsync();
            device.Boot.Delete(Places.Boot + "/filler");

            if (device.Outcome == AttemptStates.Committed)
                continue; // everything had its place already: CrashTests look at such an end
            failed++;
            if (device.Outcome == "open")
            {
                // A rename has given the old files' room away before the old loader was kept: the way back waits for it.
                Assert.True(loader && !exchange, When(device, effect));
                await new UpdateRun(device.Device, device.Ports, _ => device.Sources).ResumeAsync(CancellationToken.None);
            }
            AssertAsBefore(device, When(device, effect));
        }
        Assert.True(failed > (loader ? 1 : 3), $"only {failed} effects need space");
    }

    [Theory]
    [InlineData(SimBehaviour.Good, false, false)]
    [InlineData(SimBehaviour.Good, true, false)]
    [InlineData(SimBehaviour.Unhealthy, false, false)]
    [InlineData(SimBehaviour.Unhealthy, true, false)]
    [InlineData(SimBehaviour.Panics, true, false)]
    [InlineData(SimBehaviour.Good, false, true)]
    [InlineData(SimBehaviour.Unhealthy, false, true)]
    [InlineData(SimBehaviour.Unhealthy, true, true)]
    public async Task A_partition_that_fails_after_the_reboot_keeps_no_attempt_open_and_is_tidied_up_at_the_next_boot(SimBehaviour behaviour, bool forTheBoot, bool loader)
    {
        var plain = SimRelease.Make("2.101.0", behaviour);
        var (old, target) = loader ? (OldWithLoader, plain.WithLoader("raw loader 2.101.0", OldWithLoader.LoaderCopies)) : (Old, plain);
        var boots = new List<int>();
        var whole = new SimDevice(old, target);
        whole.Power.Meanwhile = _ => boots.Add(whole.Boots);
        await whole.RunAsync();
        var effects = Enumerable.Range(whole.Power.Log.IndexOf("reboot") + 1, whole.Power.Effects - whole.Power.Log.IndexOf("reboot") - 1).Where(i => whole.Power.Log[i].Contains(Places.Boot, StringComparison.Ordinal)).ToList();
        Assert.True(effects.Count > 8, $"only {effects.Count} effects on the boot partition after the reboot");

        foreach (int effect in effects)
        {
            var device = new SimDevice(old, target);
            device.Files.Fault = number => number - 1 == effect || (forTheBoot && number > effect && device.Boots == boots[effect]) ? "read-only file system" : null;
            await device.RunAsync();
            string when = $"{behaviour}, {whole.Power.Log[effect]}";
            if (!whole.Power.Log[effect].EndsWith("grubenv", StringComparison.Ordinal))
                AssertDecided(device, target, when);

            await device.CutAtRestAsync();

            AssertDecided(device, target, when);
            AssertTidy(device, when);
        }
    }

    [Fact]
    public async Task What_is_not_well_with_the_supervisor_of_a_slot_is_told_in_the_end()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Panics));
        device.Ports.Meanwhile = state =>
        {
            if (state == AttemptStates.Rebooting)
                device.State.Provision(device.State.Paths.Single(p => p.EndsWith("/supervisor-database-2/0", StringComparison.Ordinal)), "half a c"u8.ToArray());
        };

        await device.RunAsync();

        Assert.Equal(AttemptStates.RolledBack, device.Outcome);
        Assert.Contains("is not whole", new AttemptJournal(device.Files).Read()[^1].Message, StringComparison.Ordinal);
    }

    private static void AssertDecided(SimDevice device, SimRelease target, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        Assert.True(device.Outcome is AttemptStates.Committed or AttemptStates.RolledBack, $"{when}: {device.Outcome}: {string.Join("; ", device.Said)}");
        Assert.True(device.RunningRelease?.Version == (device.Outcome == AttemptStates.Committed ? target : Old).Version, $"{when}: runs {device.RunningRelease?.Version}");
        Assert.False(device.Files.Exists(Places.AltbootBreadcrumb) || device.Files.Exists(Places.HealthBreadcrumb), $"{when}: a breadcrumb lies");
    }

    private static void AssertTidy(SimDevice device, string when)
    {
        Assert.False(device.Files.Exists(Places.BootFilesTouched), $"{when}: {string.Join("; ", device.Said)}");
        Assert.Equal(new BootSettings(device.RunningSlot.PartitionNumber, false, 0), device.Device.Boot.Read());
        Assert.True(device.Ports.SupervisorRuns, $"{when}: the supervisor is stopped");
        AssertLoader(device, when);
        if (device.RunningRelease?.Version == Old.Version)
            Assert.True(BootFileSnapshot.Of(device) == BootFileSnapshot.Provisioned(Old), $"{when}: {BootFileSnapshot.Of(device)}");
        else
            Assert.DoesNotContain(device.Files.ListFiles(Places.Boot), f => f.StartsWith("hostup-", StringComparison.Ordinal));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_partition_that_is_one_byte_too_small_is_refused_before_anything_is_touched(bool loader)
    {
        var fits = Device(exchange: true, loader);
        long needed = (await fits.Target.PlanAsync(fits)).Estimate!.Space.Single(s => s.Place == Places.Boot).NeededBytes;
        var device = Device(exchange: true, loader);
        fits.Files.Free[Places.Boot] = needed;
        device.Files.Free[Places.Boot] = needed - 1;

        await fits.RunAsync();
        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, fits.Outcome);
        Assert.Equal((AttemptStates.Refused, "boot-space"), (device.Outcome, device.End!.Error!.Code.Id));
        Assert.DoesNotContain(device.Power.Log, e => e.Contains(Places.Boot, StringComparison.Ordinal) || e.Contains("spare", StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<int>> EffectsAsync(bool exchange, bool loader = false)
    {
        var whole = await Device(exchange, loader).RunAsync();
        var effects = whole.Power.Log.Take(whole.Power.Log.IndexOf("reboot")).Select((e, i) => (e, Number: i + 1)).Where(e => e.e.Contains(Places.Boot, StringComparison.Ordinal)).Select(e => e.Number).ToList();
        Assert.True(effects.Count > 20, $"only {effects.Count} effects on the boot partition");
        // What comes before is the same without a loader.
        return loader ? effects[effects.FindIndex(e => whole.Power.Log[e - 1].Contains("hostup-old/area-0", StringComparison.Ordinal))..] : effects;
    }

    private static SimDevice Device(bool exchange, bool loader = false) => new(loader ? OldWithLoader : Old, loader ? NewWithLoader : New) { CanExchange = exchange };

    private static string When(SimDevice device, int effect) => $"at effect {effect} ({device.Power.Log[effect - 1]})";

    private static void AssertAsBefore(SimDevice device, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        Assert.True(device.Outcome == AttemptStates.Failed, $"{when}: {device.Outcome} {device.End?.Error?.Message}");
        Assert.True(new AttemptJournal(device.Files).Read()[^1].Code is "boot-files" or "switch-boot" or "boot-space", $"{when}: {new AttemptJournal(device.Files).Read()[^1].Code}");
        Assert.True(BootFileSnapshot.Of(device) == BootFileSnapshot.Provisioned(Old), $"{when}: {BootFileSnapshot.Of(device)} instead of {BootFileSnapshot.Provisioned(Old)}");
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
        Assert.True(device.RunningRelease?.Version == Old.Version && device.Ports.SupervisorRuns && !device.Files.Exists(Places.BootFilesTouched), when);
        AssertLoader(device, when);
    }

    private static void AssertLoader(SimDevice device, string when)
    {
        var running = device.RunningRelease!;
        foreach (var copy in running.LoaderCopies)
            Assert.True(device.Media.Read(copy.Medium, copy.OffsetBytes, running.Loader!.Length).AsSpan().SequenceEqual(running.Loader), $"{when}: {copy} does not hold the loader of {running.Version}");
    }
}
