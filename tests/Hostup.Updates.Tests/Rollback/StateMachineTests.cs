using Hostup.Lab.Sim;
using Hostup.Lab.Testing;

namespace Hostup.Updates.Tests.Rollback;

/// <summary>The table of docs/rollback.md: every edge in it is gone along by the simulator, and none beside it, whenever the power goes and whatever counts the boots.</summary>
public sealed class StateMachineTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);

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

        var table = Table(name).ToList();
        Assert.True(table.SequenceEqual(seen), $"{name}: not in the table: {string.Join(", ", seen.Except(table))}; only in the table: {string.Join(", ", table.Except(seen))}");
    }

    private static async Task GoAsync(SimBootFamily family, SimRelease target, Unflushed unflushed, bool hangs, SortedSet<string> seen)
    {
        var whole = await new SimDevice(Old, target, unflushed, family: family) { HangsBeforeVerdict = hangs }.RunAsync();
        // What comes before the switch changes nothing of this.
        int first = Math.Max(1, whole.Power.Log.FindIndex(e => e.EndsWith(Updates.Files.Places.HealthVariables, StringComparison.Ordinal)) - 4);
        for (int cut = first; cut <= whole.Power.Effects + 1; cut++)
        {
            var device = new SimDevice(Old, target, unflushed, [cut], family: family) { HangsBeforeVerdict = hangs };
            await WatchAsync(device, seen);
        }
    }

    private static async Task CancelAsync(SimBootFamily family, SortedSet<string> seen)
    {
        var device = new SimDevice(Old, SimRelease.Make("2.101.0", SimBehaviour.Good), family: family);
        device.Ports.CancelAt = Core.Wire.AttemptStates.Downloading;
        await WatchAsync(device, seen);
    }

    private static async Task WatchAsync(SimDevice device, SortedSet<string> seen)
    {
        var states = new TrialState(device);
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
        await device.RunAsync();
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
