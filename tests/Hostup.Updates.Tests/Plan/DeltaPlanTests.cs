using Hostup.Core.Wire;
using Hostup.Delta.Format;
using Hostup.Lab.Sim;
using Hostup.Linux.Deltas;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Reporting;

namespace Hostup.Updates.Tests.Plan;

/// <summary>What <c>plan</c> and <c>check</c> print where a server may have a delta.</summary>
public sealed class DeltaPlanTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    private static readonly Dictionary<string, Action<SimDeltaServer>> Situations = new()
    {
        ["delta-is-there"] = _ => { },
        ["delta-is-being-made"] = s => s.ReadyAt = TimeSpan.MaxValue,
        ["delta-is-not-worth-it"] = s => s.Missing = "it would have 96.1 MiB, the image 118.0 MiB [not-found]",
    };

    public static TheoryData<string> Names() => [.. Situations.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task The_plan_says_what_each_source_costs(string name)
    {
        var device = Device(name);

        var plan = await device.Target.PlanAsync(device);

        await Verified.TextAsync($"plan-{name}", PlanText.Write(plan));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_table_of_checks_says_where_the_image_comes_from(string name)
    {
        var device = Device(name);

        var checks = await device.Target.CheckAsync(device);

        await Verified.TextAsync($"check-{name}", string.Join('\n', CheckText.Write(checks, "2.101.0").Split('\n').SkipWhile(l => !l.Contains("image-missing", StringComparison.Ordinal))));
    }

    [Fact]
    public async Task A_plan_that_was_kept_holds_also_when_the_delta_is_gone_since()
    {
        var device = Device("delta-is-there");
        var with = await device.Target.PlanAsync(device);
        device = Device("delta-is-not-worth-it");
        var without = await device.Target.PlanAsync(device);

        SavedPlan.RequireSame(with, without);

        Assert.True(without.Estimate!.BytesToFetch > with.Estimate!.BytesToFetch * 10);
    }

    [Theory]
    [InlineData("delta-is-there", true, true)]
    [InlineData("delta-is-there", false, false)]
    [InlineData("delta-is-there", null, true)]
    [InlineData("delta-is-not-worth-it", false, true)]
    [InlineData("delta-is-not-worth-it", true, false)]
    public async Task A_rate_that_was_measured_holds_for_what_comes_in_the_same_way(string name, bool? ofDelta, bool holds)
    {
        var device = Device(name);
        device.Target = device.Target with { Rate = new LinkRate(1000, "measured by the last update") { OfDelta = ofDelta } };

        var plan = await device.Target.PlanAsync(device);

        Assert.Equal(holds ? 1000L : (long?)null, plan.Estimate!.BytesPerSecond);
        Assert.Equal(holds, !PlanText.Write(plan).Contains("the last update that was measured had another kind of source", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("delta", true)]
    [InlineData("registry", false)]
    public void Which_way_a_rate_was_measured_is_in_the_journal(string source, bool ofDelta)
    {
        var done = new JournalRecord { Verb = JournalVerb.Done, Step = "write-slot", BootId = "", At = default, Source = source, Seconds = 10, Bytes = [new CauseBytes(source, 5000, 0)] };

        Assert.Equal(ofDelta, LinkRate.Measured([done])!.OfDelta);
    }

    private static SimDevice Device(string situation)
    {
        var device = new SimDevice(Old, New);
        var release = device.Target.Release;
        device.Target = device.Target with { Release = release with { Image = release.Image with { DownloadBytes = 118L << 20 } } };
        var delta = new SimDelta(new byte[8 << 20], new DeltaHeader(Old.TreeDigest, New.TreeDigest, 0, 0, []), Old.TreeDigest, release.Image.Digest);
        var server = new SimDeltaServer(delta) { Clock = () => device.Device.Clock.Elapsed };
        Situations[situation](server);
        device.Sources = [new DeltaSource(server, new SimDeltaRoots(device)), new SimSource("registry", New)];
        return device;
    }
}
