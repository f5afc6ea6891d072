using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Reporting;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Plan;

/// <summary>A plan that was kept is executed as it was printed, or not at all.</summary>
public sealed class SavedPlanTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    private static readonly Dictionary<string, Func<SimDevice, UpdatePlan, UpdatePlan>> Changes = new()
    {
        ["running system"] = (d, p) => After(p, () => d.Files.Elsewhere["/etc/os-release"] = "VERSION=\"2.100.1\"\nSLUG=sim-device\n"u8.ToArray()),
        ["spare slot"] = (d, p) => After(p, () => d.Slots.SizeBytes /= 2),
        ["content of the spare slot"] = (d, p) => After(p, () => d.SlotB.Format(Guid.NewGuid())),
        ["device type"] = (d, p) => After(p, () => d.Boot.Provision(Places.Boot + "/config.json", """{"deviceType":"other"}"""u8.ToArray())),
        ["boot environment"] = (d, p) => After(p, () => d.Boot.Provision(SimDevice.GrubEnv, GrubEnvironment.NewBlock(new BootSettings(2, false, 1)))),
        ["release manifest"] = (d, p) => After(p, () => d.Target = d.Target with { Release = d.Target.Release with { BuildId = "another build" } }),
        ["highest committed sequence"] = (d, p) => After(p, () => d.State.Provision(Places.HighestSequence, "1"u8.ToArray())),
        ["updater"] = (d, p) => After(p, () => d.Target = d.Target with { UpdaterVersion = "9.9.10" }),
        ["last attempt"] = (d, p) => After(p, () => new AttemptLog(d.Device).Open(p with { AttemptId = new string('f', 32) }, Digest.Of("plan"u8))),
        ["the steps of the plan"] = (_, p) => p with { ToPartition = 2 },
        ["the steps of"] = (_, p) => p with { FallbackRegistries = ["registry.example.com"] },
    };

    public static TheoryData<string> Names() => [.. Changes.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_plan_whose_ground_has_changed_is_not_executed_and_says_what_changed(string what)
    {
        var device = new SimDevice(Old, New);
        var saved = Changes[what](device, Kept(await device.Target.PlanAsync(device)));
        var now = await device.Target.PlanAsync(device);

        var error = Assert.Throws<HostupException>(() => SavedPlan.RequireSame(saved, now));

        Assert.Equal(HostupErrors.PlanStale, error.Code);
        Assert.Equal(HostupErrorKind.Transient, error.Code.Kind);
        Assert.Contains(what, error.Why, StringComparison.Ordinal);
        Assert.Single(error.Why.Split("; "));
    }

    [Fact]
    public async Task A_plan_whose_facts_were_edited_with_their_digest_is_not_executed()
    {
        var device = new SimDevice(Old, New);
        var plan = await device.Target.PlanAsync(device);
        var facts = plan.Facts.Select(f => f.Name == "spare slot" ? f with { Value = "another" } : f).ToList();

        var error = Assert.Throws<HostupException>(() => SavedPlan.RequireSame(plan with { Facts = facts, FactsDigest = PlanFact.DigestOf(facts) }, plan));

        Assert.Contains("spare slot was another", error.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Free_space_and_speed_may_change_until_a_plan_is_executed()
    {
        var device = new SimDevice(Old, New);
        var saved = Kept(await device.Target.PlanAsync(device));
        device.Files.Free[Places.State] = 3 << 20;
        device.Target = device.Target with { Rate = LinkRate.Given(1000) };

        SavedPlan.RequireSame(saved, await device.Target.PlanAsync(device));

        Assert.NotEqual(saved.Estimate!.Space, (await device.Target.PlanAsync(device)).Estimate!.Space);
    }

    [Fact]
    public void What_is_no_plan_is_refused_with_its_name()
    {
        var error = Assert.Throws<HostupException>(() => SavedPlan.Parse("""{"attemptId":"1"}"""u8, "/mnt/data/plan.json"));

        Assert.Equal(HostupErrors.BadConfig, error.Code);
        Assert.Contains("/mnt/data/plan.json", error.What, StringComparison.Ordinal);
    }

    [Theory, InlineData("registry"), InlineData("fallback")]
    public async Task The_executed_plan_is_the_printed_one_step_by_step_and_byte_by_byte(string source)
    {
        var device = new SimDevice(Old, New)
        {
            Sources = source == "registry" ? [new SimSource("registry", New)] : [new SimSource("registry", New, breakAfterEntries: 0), new SimSource("fallback", New)],
        };
        var printed = Kept(await device.Target.PlanAsync(device));
        device.SavedPlan = printed;

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        var records = new AttemptJournal(device.Files).Read();
        Assert.Equal(Digest.Of(printed.ToJson()), records[0].Plan);
        Assert.Equal(printed.Steps.Select(s => s.Name), records.Where(r => r.Verb == JournalVerb.Started).Select(r => r.Step));
        Assert.Equal(printed.Steps.Select(s => s.Name).SkipLast(1), records.Where(r => r.Verb == JournalVerb.Done).Select(r => r.Step));
        Assert.Equal(printed.ToSlot, device.RunningSlot.Label);
        Assert.Equal(printed.FileSystem, device.RunningSlot.Uuid);
        var bytes = JournalView.Report(records, printed, null, trial: false)!.Bytes;
        Assert.Equal(SimImage.LayerBytes, printed.Estimate!.Bytes.Single(b => b.Cause == "supervisor").Received);
        foreach (var cause in printed.Estimate.Bytes)
            Assert.InRange(bytes.Where(b => b.Cause == cause.Cause).Sum(b => b.Received), cause.Received!.Value * 98 / 100, cause.Received.Value * 102 / 100);
        long counted = bytes.Sum(b => b.Received);
        Assert.InRange(counted, printed.Estimate!.BytesToFetch * 0.98, printed.Estimate.BytesToFetch * 1.02);
        Assert.Equal(source, records.Last(r => r.Source is not null).Source);
        Assert.Equal(source, printed.Estimate.Bytes[0].Cause);
    }

    [Fact]
    public async Task A_supervisor_that_the_engine_holds_costs_nothing_and_one_of_unknown_size_is_not_guessed()
    {
        var device = new SimDevice(Old, New);
        var image = Core.Releases.EngineImageName.Parse(device.Target.Release.Supervisor!.Image!);
        await device.Ports.PullAsync(new Updates.Ports.EnginePull(image, "keeper"), new Updates.Supervisor.ImageFeed(new SimTerms(), [new SimImage("registry", image)]), CancellationToken.None);
        var held = await device.Target.PlanAsync(device);
        var unknown = new SimDevice(Old, New);
        unknown.Target = unknown.Target with { Release = unknown.Target.Release with { Supervisor = unknown.Target.Release.Supervisor! with { DownloadBytes = null } } };

        Assert.Equal(0, held.Estimate!.Bytes.Single(b => b.Cause == "supervisor").Received);
        Assert.Null((await unknown.Target.PlanAsync(unknown)).Estimate!.Bytes.Single(b => b.Cause == "supervisor").Received);
    }

    [Fact]
    public async Task The_bytes_of_an_updater_that_is_still_to_come_are_in_the_plan()
    {
        var device = new SimDevice(Old, New);
        long without = (await device.Target.PlanAsync(device)).Estimate!.BytesToFetch;
        device.Target = device.Target with { UpdaterBytesMissing = 9_000_000 };

        var estimate = (await device.Target.PlanAsync(device)).Estimate!;

        Assert.Equal(9_000_000, estimate.Bytes.Single(b => b.Cause == "updater").Received);
        Assert.Equal(without + 9_000_000, estimate.BytesToFetch);
    }

    [Fact]
    public async Task A_plan_that_was_executed_is_stale()
    {
        var device = new SimDevice(Old, New);
        var printed = Kept(await device.Target.PlanAsync(device));
        device.SavedPlan = printed;
        await device.RunAsync();
        var now = await device.Target.PlanAsync(device);

        var error = Assert.Throws<HostupException>(() => SavedPlan.RequireSame(printed, now));

        Assert.Contains("last attempt was none, is 0123456789abcdef0123456789abcdef committed", error.Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reinstall_is_recorded_in_plan_journal_and_report()
    {
        var device = new SimDevice(Old, SimRelease.Make("2.100.0", SimBehaviour.Good), reinstall: true);

        await device.RunAsync();

        var records = new AttemptJournal(device.Files).Read();
        Assert.True(records[0].Reinstall);
        Assert.True(new AttemptFiles(device.Files).Load(records[0].Plan!.Value).Plan.Reinstall);
        Assert.True(JournalView.Report(records, null, null, trial: false)!.Reinstall);
        Assert.False(JournalView.Report(new AttemptJournal((await new SimDevice(Old, New).RunAsync()).Files).Read(), null, null, trial: false)!.Reinstall);
    }

    [Fact]
    public void The_speed_of_a_link_is_that_of_the_last_slot_that_was_fetched()
    {
        static JournalRecord Done(double? seconds, long? bytes) => new()
        {
            Verb = JournalVerb.Done, Step = "write-slot", BootId = "b", At = DateTimeOffset.UnixEpoch, Seconds = seconds, Bytes = bytes is { } n ? [new CauseBytes("registry", n, 0)] : null,
        };

        Assert.Equal(500, LinkRate.Measured([Done(10, 5000)])!.BytesPerSecond);
        // a reboot at the gate: what was fetched is read back only
        Assert.Equal(500, LinkRate.Measured([Done(10, 5000), Done(null, null)])!.BytesPerSecond);
        Assert.Null(LinkRate.Measured([Done(0.9, 5000)]));
        Assert.Null(LinkRate.Measured([Done(10, null)]));
        Assert.Null(LinkRate.Measured([Done(null, 5000)])); // of an older program, or of several processes
        Assert.Null(LinkRate.Measured([]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Pauses_and_what_another_process_fetched_are_no_speed_of_a_link(bool killed)
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 0) { Breaks = 2, Refusal = new HostupException(HostupErrors.ServerBusy, "cannot fetch", "it is busy", "wait") { RetryAfter = TimeSpan.FromHours(1) } };
        var device = new SimDevice(Old, New) { Sources = [registry], CheckpointBytes = 1000 };
        device.Ports.Meanwhile = state => device.Ports.Now += TimeSpan.FromSeconds(state == AttemptStates.Downloading ? 1 : 0);
        if (killed)
            device.Power.KillWhen = KillAfterEachCheckpoint.Of(device);

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        var done = new AttemptJournal(device.Files).Read().Single(r => r is { Verb: JournalVerb.Done, Step: "write-slot" });
        if (killed)
            Assert.Null(done.Seconds);
        else
            Assert.InRange(done.Seconds!.Value, 5, 100);
    }

    /// <summary>Through the file.</summary>
    private static UpdatePlan Kept(UpdatePlan plan) => SavedPlan.Parse(plan.ToJson(), "plan.json");

    private static UpdatePlan After(UpdatePlan plan, Action change)
    {
        change();
        return plan;
    }
}
