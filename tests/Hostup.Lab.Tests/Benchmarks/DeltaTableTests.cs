using System.Xml.Linq;
using Hostup.Lab.Benchmarks;

namespace Hostup.Lab.Tests.Benchmarks;

/// <summary>How the benchmark of deltas tells and judges what it measured.</summary>
public sealed class DeltaTableTests
{
    private static readonly MeasuredRun Run = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(8.5), 60L << 20);

    private static readonly DeltaResult[] Results =
    [
        new(DeltaResult.Ours, 1_000_000, Run, Run),
        new(DeltaResult.Xdelta, 3_500_000, Run, Run),
        new(DeltaResult.Rdiff, 9_100_000, Run, null),
        new(DeltaResult.Full, 180_000_000, Run, Run),
    ];

    [Fact]
    public void The_table_has_a_row_for_each_way_and_says_which_goals_were_met()
    {
        string text = Table(new DeltaGoal(9, 4)).ToMarkdown();

        Assert.Contains("| hostup delta | 1,000,000 | 1.0 | 8.5 s cpu, 10.0 s, 60 MiB | 8.5 s cpu, 10.0 s, 60 MiB |", text, StringComparison.Ordinal);
        Assert.Contains("| rdiff -b 512, gzip -6 | 9,100,000 | 9.1 | 8.5 s cpu, 10.0 s, 60 MiB | - |", text, StringComparison.Ordinal);
        Assert.Contains("- met: rdiff -b 512, gzip -6 is at least 9.0 times as large", text, StringComparison.Ordinal);
        Assert.Contains("- **missed**: xdelta3 -9 -S lzma -B 640M is at least 4.0 times as large", text, StringComparison.Ordinal);
    }

    [Fact]
    public void On_packages_that_nobody_looked_at_ratios_may_be_15_percent_smaller()
    {
        Assert.Contains(new DeltaGoal(9, 4).Judge(Results, 1), j => !j.Met);
        Assert.All(new DeltaGoal(9, 4).Judge(Results, DeltaGoal.Untuned), j => Assert.True(j.Met, j.Goal));
    }

    [Fact]
    public void A_delta_that_is_larger_than_any_other_way_or_takes_too_long_misses_its_goal()
    {
        DeltaResult[] larger = [Results[0] with { Bytes = 4_000_000 }, .. Results.Skip(1)];
        DeltaResult[] slower = [Results[0] with { Build = Run with { Wall = TimeSpan.FromMinutes(6) } }, .. Results.Skip(1)];

        Assert.Equal("smaller than every other way", Assert.Single(new DeltaGoal(0, 0).Judge(larger, 1), j => !j.Met).Goal);
        Assert.StartsWith("built in at most 5 min", Assert.Single(new DeltaGoal(0, 0).Judge(slower, 1), j => !j.Met).Goal, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_chart_has_a_bar_for_each_way_that_was_measured()
    {
        var bars = Table(new DeltaGoal(0, 0)).ToCharts().ToDictionary(c => c.Key, c => XDocument.Parse(c.Value).Descendants().Count(e => e.Name.LocalName == "rect"));

        Assert.Equal(4, bars["delta-security-bytes.svg"]);
        Assert.Equal((3, 3), (bars["delta-security-time.svg"], bars["delta-security-memory.svg"]));
    }

    private static DeltaTable Table(DeltaGoal goal) => new("security", "Security update", "Made of nothing.", Results, goal.Judge(Results, 1));
}
