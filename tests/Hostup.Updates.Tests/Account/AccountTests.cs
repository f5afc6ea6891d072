using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Account;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Account;

/// <summary>The account of bytes over kills, power cuts and reboots.</summary>
public sealed class AccountTests
{
    private const string Attempt = "0123456789abcdef0123456789abcdef";
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private static readonly long Whole = New.Files.Sum(f => f.Value.LongLength);
    private readonly SimDevice _device = new(Old, New) { CheckpointBytes = 1000 };

    [Fact]
    public async Task The_account_of_an_update_has_every_byte_of_its_sources()
    {
        var registry = new SimSource("registry", New, breakAfterEntries: 4) { ThenGone = true };
        var fallback = new SimSource("fallback", New);
        _device.Sources = [registry, fallback];

        await _device.RunAsync();

        Assert.Equal(AttemptStates.Committed, _device.Outcome);
        Assert.Equal([registry.Bytes, fallback.Bytes], AttemptAccount.Of(_device.Files, Attempt)!.Where(b => b.Cause != "supervisor"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_processes_that_were_killed_had_fetched_is_in_the_account_and_little_is_fetched_again(bool dataFull)
    {
        if (dataFull)
            _device.Data.Provision(Updates.Files.Places.Data + "/application", new byte[_device.Data.FreeBytes / 4096 * 4096]);
        // each process has sources of its own, whose counts die with it
        var made = new List<SimSource>();
        _device.Power.KillWhen = KillAfterEachCheckpoint.Of(_device);
        _device.NewSources = () =>
        {
            made.Add(new SimSource("registry", New));
            return [made[^1]];
        };

        await _device.RunAsync();

        Assert.Equal(AttemptStates.Committed, _device.Outcome);
        Assert.True(_device.Power.Kills > 8, $"{_device.Power.Kills} kills");
        long counted = AttemptAccount.Of(_device.Files, Attempt)!.Single(b => b.Cause == "registry").Received;
        // what came after the last checkpoint of a process that died is not known
        Assert.InRange(counted, Whole, made.Sum(s => s.Bytes.Received));
        Assert.InRange(made.Sum(s => s.Bytes.Received) - counted, 0, _device.Power.Kills * 2 * _device.CheckpointBytes);
        Assert.InRange(made.Sum(s => s.Bytes.Received) - Whole, 0, _device.Power.Kills * 2 * _device.CheckpointBytes);
    }

    [Fact]
    public async Task A_power_cut_costs_no_more_than_came_since_the_checkpoint_before_it()
    {
        await _device.RunAsync();
        var cuts = _device.Power.Log.Select((name, i) => (name, number: i + 1)).Where(e => e.name.StartsWith("write ", StringComparison.Ordinal) && e.name.EndsWith(" to spare", StringComparison.Ordinal)).ToList();
        Assert.True(cuts.Count > 8, $"{cuts.Count} writes");

        foreach (var (name, number) in cuts)
        {
            var made = new List<SimSource>();
            var device = new SimDevice(Old, New, Unflushed.Lost, [number]) { CheckpointBytes = _device.CheckpointBytes };
            device.NewSources = () =>
            {
                made.Add(new SimSource("registry", New));
                return [made[^1]];
            };

            await device.RunAsync();

            Assert.Equal(AttemptStates.Committed, device.Outcome);
            Assert.True(made.Sum(s => s.Bytes.Received) - Whole is >= 0 and var again && again <= 3 * device.CheckpointBytes, $"cut before {name}, effect {number}: {made.Sum(s => s.Bytes.Received)} bytes for {Whole}");
        }
    }

    [Fact]
    public void An_account_of_another_attempt_is_begun_anew_and_a_torn_write_leaves_the_one_before()
    {
        var first = new AttemptAccount(_device.Files, Attempt);
        first.Count([new Counted("registry", 10, 1)]);
        first.Save();
        first.Count([new Counted("registry", 5, 1)]);
        first.Save();

        Assert.Equal([new CauseBytes("registry", 15, 2)], new AttemptAccount(_device.Files, Attempt).Bytes);
        Assert.Empty(new AttemptAccount(_device.Files, "another").Bytes);
        byte[] file = _device.Files.Read(Updates.Files.Places.Account);
        _device.Files.Overwrite(Updates.Files.Places.Account, 30, [(byte)~file[30]]); // in the newer slot
        Assert.Equal([new CauseBytes("registry", 10, 1)], new AttemptAccount(_device.Files, Attempt).Bytes);
    }

    [Fact]
    public void What_is_thrown_away_of_the_image_was_in_vain_also_when_an_earlier_process_fetched_it()
    {
        var before = new AttemptAccount(_device.Files, Attempt);
        before.Count([new Counted("registry", 700, 7), new Counted("supervisor", 30, 3)]);
        before.Save();
        var account = new AttemptAccount(_device.Files, Attempt);
        var source = new SimSource("registry", New);
        account.Count([source]);

        account.Discard([source]);

        Assert.Equal([new CauseBytes("retried", 700, 7), new CauseBytes("supervisor", 30, 3)], account.Bytes);
    }

    [Fact]
    public void A_state_partition_that_cannot_be_written_costs_the_figure_only()
    {
        var account = new AttemptAccount(_device.Files, Attempt);
        account.Count([new Counted("registry", 10, 1)]);
        _device.Files.BrokenPath = Updates.Files.Places.Account + ".new";

        account.Save();

        Assert.Null(AttemptAccount.Of(_device.Files, Attempt));
        _device.Files.BrokenPath = null;
        account.Save();
        Assert.Equal(10, AttemptAccount.Of(_device.Files, Attempt)!.Single().Received);
    }

    [Fact]
    public void What_the_interfaces_carried_beyond_all_causes_is_unexplained_over_boots()
    {
        Carried(1000, 500);
        var agent = Agent();
        agent.Begin(Attempt);
        agent.Add(new CauseBytes("protocol", 100, 50));
        Carried(2500, 800);
        _device.Ports.Now += TimeSpan.FromMinutes(1);
        agent.Look(ended: false);

        // the next boot: counters begin at zero, the agent is another process
        _device.Ports.Boot();
        Carried(400, 40);
        agent = Agent();
        agent.Add(new CauseBytes("protocol", 60, 10));
        agent.Look(ended: true);
        var update = new AttemptAccount(_device.Files, Attempt);
        update.Count([new Counted("registry", 1000, 100)]);
        update.Save();

        var bytes = AttemptBytes.Of(_device.Files, [Opened], plan: null);

        Assert.Equal([new CauseBytes("protocol", 160, 60), new CauseBytes("registry", 1000, 100), new CauseBytes("unexplained", 1900 - 1160, 340 - 160)], bytes);
    }

    [Fact]
    public void After_the_end_nothing_is_counted_and_causes_that_are_more_than_the_interfaces_kept_are_told()
    {
        Carried(0, 0);
        var agent = Agent();
        agent.Begin(Attempt);
        Carried(10, 10);
        agent.Look(ended: true);
        Carried(5000, 5000);
        agent.Add(new CauseBytes("protocol", 1, 1));
        agent.Look(ended: false);
        var update = new AttemptAccount(_device.Files, Attempt);
        update.Count([new Counted("registry", 100, 100)]);
        update.Save();

        Assert.Equal([new CauseBytes("registry", 100, 100), new CauseBytes("unexplained", -90, -90)], AttemptBytes.Of(_device.Files, [Opened], plan: null));
    }

    [Fact]
    public void Of_an_attempt_that_is_not_believed_yet_nothing_is_kept_and_then_everything_that_was_counted()
    {
        Carried(0, 0);
        int before = _device.Power.Effects;
        var agent = Agent();
        agent.Expect(Attempt);
        agent.Add(new CauseBytes(AgentAccount.ManifestCause, 100, 10));
        _device.Ports.Now += TimeSpan.FromHours(1);
        agent.Look(ended: false);
        agent.KeepNow();

        Assert.Equal((before, false, false), (_device.Power.Effects, agent.IsKept(Attempt), Agent().IsOf(Attempt)));
        agent.Confirm();

        Assert.True(agent.IsKept(Attempt));
        Assert.Equal(100, Agent().Fetched(Attempt));
    }

    [Fact]
    public void An_interface_that_was_made_anew_begins_at_zero()
    {
        _device.Ports.Interfaces = [new InterfaceBytes("ppp0", 1000, 1000), new InterfaceBytes("eth0", 7, 7)];
        var agent = Agent();
        agent.Begin(Attempt);
        _device.Ports.Interfaces = [new InterfaceBytes("ppp0", 30, 20), new InterfaceBytes("eth0", 8, 9)];
        agent.Look(ended: true);

        Assert.Equal([new CauseBytes("unexplained", 31, 22)], AttemptBytes.Of(_device.Files, [Opened], plan: null));
    }

    [Fact]
    public void What_the_engine_fetches_from_other_machines_meanwhile_is_the_applications()
    {
        Carried(0, 0);
        _device.Ports.Connections = [new EngineConnection(1, true, 5000, 50)];
        var agent = Agent();
        agent.Begin(Attempt);
        // one goes on, one is new, and one leads to the update process, which counts for itself
        _device.Ports.Connections = [new EngineConnection(1, true, 5100, 60), new EngineConnection(2, true, 700, 7), new EngineConnection(3, false, 90_000, 9)];
        agent.Look(ended: false);
        _device.Ports.Connections = [new EngineConnection(2, true, 900, 8), new EngineConnection(3, false, 95_000, 9)];
        Carried(1200, 20);
        agent.Look(ended: true);

        Assert.Equal([new CauseBytes("application", 100 + 900, 10 + 8), new CauseBytes("unexplained", 200, 2)], AttemptBytes.Of(_device.Files, [Opened], plan: null));
    }

    [Fact]
    public void An_agent_that_is_started_again_counts_no_connection_twice_and_loses_nothing_of_the_last_minute()
    {
        Carried(0, 0);
        var agent = Agent();
        agent.Begin(Attempt);
        _device.Ports.Connections = [new EngineConnection(1, true, 600, 6)];
        Carried(700, 7);
        agent.Look(ended: false);
        agent.KeepNow();

        agent = Agent();
        _device.Ports.Connections = [new EngineConnection(1, true, 900, 9)];
        Carried(1000, 10);
        agent.Look(ended: true);

        Assert.Equal([new CauseBytes("application", 900, 9), new CauseBytes("unexplained", 100, 1)], AttemptBytes.Of(_device.Files, [Opened], plan: null));
    }

    [Fact]
    public void Numbers_of_connections_are_another_boots_after_a_reboot()
    {
        Carried(0, 0);
        var agent = Agent();
        agent.Begin(Attempt);
        _device.Ports.Connections = [new EngineConnection(1, true, 600, 6)];
        agent.Look(ended: false);
        agent.KeepNow();

        _device.Ports.Boot();
        _device.Ports.Connections = [new EngineConnection(1, true, 50, 5)];
        agent = Agent();
        agent.Look(ended: true);

        Assert.Equal(new CauseBytes("application", 650, 11), AttemptBytes.Of(_device.Files, [Opened], plan: null)[0]);
    }

    [Fact]
    public async Task What_the_agent_fetches_for_an_attempt_is_in_its_budget_and_what_it_talks_is_not()
    {
        var plan = await _device.Target.PlanAsync(_device) with { AttemptId = Attempt, Policy = new UpdatePolicy { ByteBudget = 10_000 }, FetchedBefore = [new CauseBytes("updater", 500, 0)] };
        Assert.Equal(9_500, Left(plan));

        // the updater went with the power and came again
        var agent = Agent();
        agent.Begin(Attempt);
        agent.Add(new CauseBytes(AgentAccount.ManifestCause, 30, 3));
        agent.Add(new CauseBytes(AgentAccount.UpdaterCause, 1_100, 9));
        agent.Add(new CauseBytes("protocol", 700, 70));
        agent.KeepNow();
        Assert.Equal(8_870, Left(plan));

        var update = new AttemptAccount(_device.Files, Attempt);
        update.Count([new Counted("registry", 4_000, 40)]);
        update.Save();
        Assert.Equal(4_870, Left(plan));
        Assert.Equal(5_130, AttemptBytes.Received(_device.Files, Attempt, plan));
        Assert.Equal(500, AttemptBytes.Received(_device.Files, "another", plan));
        Assert.Equal(1_130, Agent().Fetched(Attempt));
        Assert.Equal(0, Agent().Fetched("another"));
    }

    private long Left(UpdatePlan plan) => new StepContext(_device.Device, plan, New.Manifest(3), _ => [], _device.Ports).BytesLeft;

    private static JournalRecord Opened => new() { Verb = JournalVerb.Opened, AttemptId = Attempt, BootId = "boot", At = DateTimeOffset.UnixEpoch };

    private AgentAccount Agent() => new(_device.Files, _device.Ports, _device.Ports, _device.Ports);

    private void Carried(long received, long sent) => _device.Ports.Interfaces = [new InterfaceBytes("eth0", received, sent)];

    private sealed record Counted(string Name, long In, long Out) : IRemoteSource
    {
        public string Host => Name;

        public CauseBytes Bytes => new(Name, In, Out);

        public CauseBytes Retried => new("retried", 0, 0);
    }
}
