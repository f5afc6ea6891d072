using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Lab.Testing;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Updates.Tests.Crash;

/// <summary>What may come in between, at every effect of every step, and how the attempt ends then: the table of docs/update-run.md.</summary>
public sealed class InterruptionTableTests
{
    private const string GoesOn = AttemptStates.Committed, Trial = "trial";

    // Each row: the step that is under way, then the end after a power cut, an orderly reboot, a cancel and a newer update.
    private static readonly string[][] Table =
    [
        ["check-device", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["write-slot", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["fetch-supervisor", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["gate", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["write-boot-files", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["write-boot-areas", GoesOn, GoesOn, AttemptStates.Cancelled, AttemptStates.Superseded],
        ["switch-boot", GoesOn, GoesOn, GoesOn, GoesOn],
        ["reboot", GoesOn, GoesOn, GoesOn, GoesOn],
        [Trial, $"{GoesOn} or {AttemptStates.RolledBack}", GoesOn, GoesOn, GoesOn],
    ];

    private static readonly string[] Events = ["power cut", "reboot", "cancel", "newer update"];
    private static readonly string[] SlotIsWritten = ["fetch-supervisor", "gate", "write-boot-files", "write-boot-areas", "switch-boot"];
    private static readonly BootAreaCopy[] Places2 = [new("disk", 8192), new("disk", 65536)];
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good).WithLoader("raw loader 2.100.0", Places2);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good).WithLoader("raw loader 2.101.0", Places2);

    public static TheoryData<string, string, string, bool> Cases()
    {
        var cases = new TheoryData<string, string, string, bool>();
        foreach (string[] row in Table)
        {
            for (int i = 0; i < Events.Length; i++)
            {
                cases.Add(row[0], Events[i], row[i + 1], false);
                cases.Add(row[0], Events[i], row[i + 1], true);
            }
        }
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task It_ends_as_the_table_says_at_every_effect_of_the_step(string step, string happens, string end, bool dataFull)
    {
        var steps = await StepsAsync(dataFull);
        var effects = steps.Select((s, i) => (Step: s, Number: i + 1)).Where(e => e.Step == step).Select(e => e.Number).ToList();
        Assert.NotEmpty(effects);

        foreach (int effect in effects)
        {
            var device = Device(dataFull, happens == "power cut" ? [effect] : []);
            Happen(device, happens, effect);

            await device.RunAsync();

            AssertEnd(device, end, $"{happens} before effect {effect} ({device.Power.Log[effect - 1]}) of {step}");
            if (SlotIsWritten.Contains(step) && happens is "power cut" or "reboot")
                AssertNotFetchedAgain(device, step);
        }
    }

    [Fact]
    public async Task What_a_cancelled_attempt_has_written_the_next_one_verifies_and_does_not_fetch()
    {
        var device = Device(dataFull: false, []);
        device.Ports.CancelAt = AttemptStates.WaitingForLock;
        await device.RunAsync();
        long received = device.Sources[0].Bytes.Received;
        device.Ports.Wishes = AttemptWishes.None;
        device.Ports.CancelAt = null;
        device.Ports.States.Clear();
        device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210" };

        var end = await new UpdateRun(device.Device, device.Ports, _ => device.Sources).StartAsync(await device.Target.PlanAsync(device), device.Target.Payload, device.Target.Envelope, CancellationToken.None);

        Assert.Equal(RunEndKind.Rebooting, end.Kind);
        Assert.Equal(received, device.Sources[0].Bytes.Received);
        Assert.Contains(AttemptStates.Verifying, device.Ports.States);
        Assert.Equal("slot", new AttemptJournal(device.Files).Read().Last(r => r.Source is not null).Source);
    }

    [Fact]
    public void The_document_has_the_same_table()
    {
        string document = File.ReadAllText(Path.Combine(SourceTree.Find(), "docs/update-run.md"));

        foreach (string[] row in Table)
            Assert.Contains($"| `{row[0]}` | {string.Join(" | ", row[1..])} |", document, StringComparison.Ordinal);
    }

    private static SimDevice Device(bool dataFull, int[] cuts)
    {
        var device = new SimDevice(Old, New, Unflushed.Torn, cuts);
        device.Ports.LockHeldTimes = 2;
        if (dataFull)
            device.Data.Provision(Places.Data + "/application", new byte[device.Data.FreeBytes / 4096 * 4096]);
        return device;
    }

    private static void Happen(SimDevice device, string happens, int effect)
    {
        device.Power.RebootBefore = happens == "reboot" ? effect : 0;
        var wish = happens switch { "cancel" => AttemptWishes.Cancel, "newer update" => AttemptWishes.Supersede, _ => AttemptWishes.None };
        device.Power.Meanwhile = number => device.Ports.Wishes |= number == effect ? wish : AttemptWishes.None;
    }

    /// <summary>The step under way at each effect. What only the journal sees, between two steps, belongs to the second.</summary>
    private static async Task<IReadOnlyList<string>> StepsAsync(bool dataFull)
    {
        var device = Device(dataFull, []);
        var steps = new List<string>();
        device.Power.Meanwhile = _ => steps.Add(device.Boots > 1 ? Trial : new AttemptJournal(device.Files).Read().LastOrDefault(r => r.Verb == JournalVerb.Started)?.Step ?? "check-device");
        await device.RunAsync();
        for (int i = steps.Count - 2; i >= 0; i--)
        {
            if (device.Power.Log[i].EndsWith(Places.Journal, StringComparison.Ordinal) && steps[i] != Trial && steps[i + 1] != Trial)
                steps[i] = steps[i + 1];
        }
        return [.. steps.Select(s => s == "stop-supervisor" ? "check-device" : s)];
    }

    private static void AssertEnd(SimDevice device, string end, string when)
    {
        Assert.True(device.Bricked is null, $"{when}: {device.Bricked}");
        Assert.True(end.Split(" or ").Contains(device.Outcome), $"{when}: {device.Outcome} instead of {end}");
        bool isNew = device.Outcome == AttemptStates.Committed;
        Assert.True(device.RunningRelease == (isNew ? New : Old), $"{when}: runs {device.RunningRelease?.Version}");
        Assert.True(device.Ports.SupervisorRuns, $"{when}: the supervisor is stopped");
        Assert.False(device.Ports.LocksHeld && !isNew, $"{when}: the locks are held");
        var running = device.RunningRelease!;
        Assert.True(Places2.All(p => device.Media.Read(p.Medium, p.OffsetBytes, running.Loader!.Length).AsSpan().SequenceEqual(running.Loader)), $"{when}: another boot loader");
        if (!isNew)
            Assert.True(BootFileSnapshot.Of(device) == BootFileSnapshot.Provisioned(Old), $"{when}: {BootFileSnapshot.Of(device)}");
    }

    private static void AssertNotFetchedAgain(SimDevice device, string step)
    {
        Assert.Equal(New.Files.Sum(f => f.Value.LongLength), device.Sources[0].Bytes.Received);
        Assert.Equal(1, device.Power.Log.Count(e => e == "format spare"));
        if (step != "switch-boot")
            Assert.True(device.Ports.States.Count(s => s == AttemptStates.Verifying) >= 2, "the slot was not read back again");
    }
}
