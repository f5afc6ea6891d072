using Hostup.Lab.Sim;
using Hostup.Lab.Testing;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>The table of docs/rollback.md: every edge in it is gone along by the simulator, and none beside it, whenever the power goes and whatever counts the boots.</summary>
public sealed class StateMachineTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    public static TheoryData<string> Families() => [.. SimBootFamily.All.Select(f => f.Name)];

    [Theory, MemberData(nameof(Families))]
    public async Task Every_edge_of_the_table_is_gone_along_and_no_other(string name)
    {
        var family = SimBootFamily.All.Single(f => f.Name == name);
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var behaviour in Enum.GetValues<SimBehaviour>().Where(b => b != SimBehaviour.Panics || family != SimBootFamily.Direct))
        {
            var target = SimRelease.Make("2.101.0", behaviour);
            foreach (bool hangs in behaviour == SimBehaviour.Unhealthy ? new[] { false, true } : [false])
            {
                // A hang takes its way through many boots; what is kept differs from what is lost in the decisions alone.
                foreach (var unflushed in hangs ? new[] { Unflushed.Lost } : [Unflushed.Lost, Unflushed.Kept])
                    await GoAsync(family, target, unflushed, hangs, seen);
            }
        }
        await CancelAsync(family, seen);
        await OutageAsync(family, seen);
        foreach (bool healthy in new[] { true, false })
            await RevertAsync(family, healthy, seen);

        var table = Table(name).ToList();
        Assert.True(table.SequenceEqual(seen), $"{name}: not in the table: {string.Join(", ", seen.Except(table))}; only in the table: {string.Join(", ", table.Except(seen))}");
    }

    private static async Task GoAsync(SimBootFamily family, SimRelease target, Unflushed unflushed, bool hangs, SortedSet<string> seen)
    {
        var whole = await new SimDevice(Old, target, unflushed, family: family) { HangsBeforeVerdict = hangs }.RunAsync();
        foreach (int cut in Cuts(whole, after: 0))
        {
            var device = new SimDevice(Old, target, unflushed, [cut], family: family) { HangsBeforeVerdict = hangs };
            await WatchAsync(device, device.SlotB, device.RunAsync, seen);
        }
    }

    /// <summary>The old OS fails what the new one fails.</summary>
    private static async Task OutageAsync(SimBootFamily family, SortedSet<string> seen)
    {
        var whole = await Device([]).RunAsync();
        Assert.Equal("inconclusive", new AttemptJournal(whole.Files).Read()[^1].Code);
        foreach (int cut in Cuts(whole, after: 0))
        {
            var device = Device([cut]);
            await WatchAsync(device, device.SlotB, device.RunAsync, seen);
        }

        SimDevice Device(int[] cuts)
        {
            var device = new SimDevice(Old, New, cuts: cuts, family: family);
            device.Ports.MoreHealth = _ => [new HealthResult("server", Required: true, false, "no route")];
            return device;
        }
    }

    /// <summary>The same machine the other way round.</summary>
    private static async Task RevertAsync(SimBootFamily family, bool healthy, SortedSet<string> seen)
    {
        var whole = await DeviceAsync([]);
        int before = whole.Power.Effects;
        await whole.CutAtRestAsync();
        Assert.Equal(healthy ? Old : New, whole.RunningRelease);
        foreach (int cut in Cuts(whole, before))
        {
            var device = await DeviceAsync([cut]);
            await WatchAsync(device, device.SlotA, device.CutAtRestAsync, seen);
        }

        async Task<SimDevice> DeviceAsync(int[] cuts)
        {
            var device = await new SimDevice(Old, New, cuts: cuts, family: family).RunAsync();
            device.Target = device.Target with { AttemptId = "fedcba9876543210fedcba9876543210", Revert = true };
            device.Ports.MoreHealth = release => [new HealthResult("modem", Required: true, healthy || release == New, "no carrier")];
            return device;
        }
    }

    /// <summary>Before each effect from the switch on: what comes before it changes nothing of this.</summary>
    private static IEnumerable<int> Cuts(SimDevice whole, int after)
    {
        int first = Math.Max(after + 1, whole.Power.Log.FindIndex(after, e => e.EndsWith(Updates.Files.Places.HealthVariables, StringComparison.Ordinal)) - 4);
        return Enumerable.Range(first, whole.Power.Effects + 2 - first);
    }

    private static async Task CancelAsync(SimBootFamily family, SortedSet<string> seen)
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good), family: family);
        device.Ports.CancelAt = Core.Wire.AttemptStates.Downloading;
        await WatchAsync(device, device.SlotB, device.RunAsync, seen);
    }

    private static async Task WatchAsync(SimDevice device, SimSlot target, Func<Task> run, SortedSet<string> seen)
    {
        var states = new TrialState(device, target);
        string state = TrialState.Idle;
        void Look()
        {
            if (!device.IsUp)
                return;
            string now = states.Look();
            if (now != state)
                seen.Add($"{state} -> {now}");
            state = now;
        }
        device.Power.Meanwhile = _ => Look();
        await run();
        Look();
        Assert.Null(device.Bricked);
        Assert.Equal(TrialState.Idle, state);
    }

    private static IEnumerable<string> Table(string family)
    {
        var rows = File.ReadLines(Path.Combine(SourceTree.Find(), "docs/rollback.md"))
            .Select(l => l.Split('|', StringSplitOptions.TrimEntries)).Where(c => c is ["", _, _, _, _, ""] && c[1].StartsWith('`') && c[2].StartsWith('`'));
        string plain = family.Replace(", limit", "", StringComparison.Ordinal);
        return rows.Where(c => c[4] == "all" || c[4].Split(", ").Any(f => plain == f || plain.StartsWith(f + " ", StringComparison.Ordinal)))
            .Select(c => $"{c[1].Trim('`')} -> {c[2].Trim('`')}").Order(StringComparer.Ordinal);
    }
}
