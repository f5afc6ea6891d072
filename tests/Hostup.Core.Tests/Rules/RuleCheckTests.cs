using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Rules;

namespace Hostup.Core.Tests.Rules;

public sealed class RuleCheckTests
{
    // What upstream's own tests of its present rules demand.
    [Theory]
    [InlineData("nonsense", "2.29.2+rev1", RuleReasons.SourceInvalid)]
    [InlineData("2.29.2+rev1", "nonsense", RuleReasons.TargetInvalid)]
    [InlineData("2.14.6+rev2.dev", "2.29.2+rev1.prod", RuleReasons.Variant)]
    [InlineData("2.14.6+rev2.prod", "2.29.2+rev1.dev", RuleReasons.Variant)]
    [InlineData("2.14.6+rev2.dev", "2.29.2+rev1.dev", RuleReasons.Allowed)]
    [InlineData("2.88.0+rev1.prod", "2.89.0", RuleReasons.Allowed)]
    [InlineData("2.88.0+rev1.dev", "2.89.0", RuleReasons.Allowed)]
    [InlineData("2.89.0", "2.89.0+rev1", RuleReasons.Allowed)]
    [InlineData("2.89.0", "2.89.1", RuleReasons.Allowed)]
    [InlineData("2.29.2+rev1.prod", "2.29.3-1234+rev1.prod", RuleReasons.Allowed)]
    [InlineData("2.29.2-1234+rev1", "2.29.2+rev1", RuleReasons.Allowed)]
    [InlineData("2.29.2-1234+rev1", "2.29.2-1234+rev2", RuleReasons.Allowed)]
    [InlineData("2.29.2+rev1", "2.29.2-1234+rev2", RuleReasons.Downgrade)]
    [InlineData("2.29.2-1235+rev1", "2.29.2-1234+rev2", RuleReasons.Downgrade)]
    [InlineData("2.30.0", "2.29.9", RuleReasons.Downgrade)]
    [InlineData("2019.7.0", "2.98.0", RuleReasons.Downgrade)]
    [InlineData("2.29.2+rev1", "2.29.2+rev1", RuleReasons.Equal)]
    [InlineData("1.30.1", "2.29.2+rev1", RuleReasons.SourceTooOld)]
    [InlineData("1.30.1", "3.0.0", RuleReasons.SourceTooOld)]
    [InlineData("2.13.0+rev0", "2.29.2+rev1", RuleReasons.SourceTooOld)]
    [InlineData("2.14.0+rev1", "2.14.1", RuleReasons.TargetTooOld)]
    [InlineData("2.14.0+rev1", "2.16.0+rev0", RuleReasons.TargetTooOld)]
    [InlineData("2.14.0+rev1", "2.16.0+rev1", RuleReasons.Allowed)]
    [InlineData("2.29.2+rev1", "3.0.0", RuleReasons.Allowed)]
    [InlineData("3.0.0", "3.0.1", RuleReasons.Allowed)]
    [InlineData("2.29.2+rev1", "2019.07.0", RuleReasons.Allowed)]
    [InlineData("2019.07.0", "2021.10.2", RuleReasons.Allowed)]
    public void The_present_rules_are_upstreams(string from, string to, string reason) =>
        Assert.Equal((reason, reason == RuleReasons.Allowed), Answer("balena-2026", "some-future-device", from, to));

    [Theory]
    [InlineData("raspberrypi3", "1.8.0", "1.26.0", RuleReasons.Allowed)]
    [InlineData("raspberrypi3", "1.7.9", "1.26.0", RuleReasons.SourceTooOld)]
    [InlineData("raspberrypi3", "1.8.0", "1.25.9", RuleReasons.TargetTooOld)]
    [InlineData("raspberrypi3", "1.8.0", "2.2.0+rev1", RuleReasons.Allowed)]
    [InlineData("raspberrypi3", "1.30.1", "2.5.0+rev1", RuleReasons.Allowed)]
    [InlineData("raspberrypi3", "1.30.1", "2.5.1+rev1", RuleReasons.TargetTooNew)]
    [InlineData("raspberrypi3", "1.30.1", "2.1.0", RuleReasons.TargetTooOld)]
    [InlineData("raspberrypi3", "2.0.0+rev2", "2.12.3+rev1", RuleReasons.Allowed)]
    [InlineData("raspberrypi3", "2.0.0", "2.12.3+rev1", RuleReasons.SourceTooOld)]
    [InlineData("raspberrypi3", "2.0.0+rev1", "2.2.0", RuleReasons.TargetTooOld)]
    [InlineData("beaglebone-green", "1.30.0", "2.3.0+rev1", RuleReasons.SourceTooOld)]
    [InlineData("beaglebone-green", "1.30.1", "2.3.0+rev1", RuleReasons.Allowed)]
    [InlineData("beaglebone-green", "1.8.0", "1.26.0", RuleReasons.Allowed)]
    [InlineData("intel-edison", "2.0.0+rev1", "2.9.7+rev1", RuleReasons.TargetTooOld)]
    [InlineData("intel-edison", "2.0.0+rev1", "2.9.7+rev2", RuleReasons.Allowed)]
    [InlineData("jetson-tx2", "2.7.3", "2.12.3+rev1", RuleReasons.SourceTooOld)]
    [InlineData("skx2", "2.7.4", "2.12.3+rev1", RuleReasons.Allowed)]
    [InlineData("ts4900", "2.4.0", "2.12.3+rev1", RuleReasons.SourceTooOld)]
    [InlineData("qemux86-64", "2.9.2", "2.12.3+rev1", RuleReasons.SourceTooOld)]
    [InlineData("qemux86", "2.9.3", "2.12.3+rev1", RuleReasons.Allowed)]
    public void The_default_rules_hold_the_historic_minimums(string type, string from, string to, string reason) =>
        Assert.Equal((reason, reason == RuleReasons.Allowed), Answer("default", type, from, to));

    [Fact]
    public void The_way_from_the_first_line_leads_over_a_stepping_stone()
    {
        var verdict = UpdateRules.Load("default").Judge(new UpdateQuestion("raspberrypi3", "1.30.0", "2.98.0"));

        Assert.Equal((false, RuleReasons.TargetTooNew), (verdict.Allowed, verdict.Reason));
        Assert.Equal(["2.3.0+rev1"], verdict.Via);
        Assert.EndsWith("go through 2.3.0+rev1", verdict.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_the_releases_that_there_are_the_shortest_way_over_the_newest_is_taken()
    {
        var asked = new UpdateQuestion("raspberrypi3", "1.7.0", "2.98.0") { Releases = ["2.2.0+rev1", "2.4.0+rev1", "2.50.0", "junk"] };

        // 1.7.0 is too old for any path
        Assert.Empty(UpdateRules.Load("default").Judge(asked).Via);
        Assert.Equal(["2.4.0+rev1"], UpdateRules.Load("default").Judge(asked with { From = "1.8.0" }).Via);
    }

    [Theory]
    [InlineData("2.50.0", RuleReasons.Base)]
    [InlineData("2.98.0", RuleReasons.Base)]
    [InlineData("2.99.0", RuleReasons.Allowed)]
    [InlineData(null, RuleReasons.Allowed)]
    public void A_long_term_target_is_compared_by_what_it_is_built_on(string? toBase, string reason) =>
        Assert.Equal(reason, UpdateRules.Load("balena-2026").Judge(new UpdateQuestion("x", "2.98.0", "2022.1.0") { ToBase = toBase }).Reason);

    [Fact]
    public void Hardware_that_does_not_bear_a_release_is_kept_from_it()
    {
        var asked = new UpdateQuestion("raspberrypi4-64", "2.80.0+rev1", "2.83.10+rev1");
        var rules = UpdateRules.Load("balena-2026");

        Assert.Equal(RuleReasons.Blocked, rules.Judge(asked with { Board = "Raspberry Pi 4 Model B Rev 1.4" }).Reason);
        Assert.True(rules.Judge(asked with { Board = "Raspberry Pi 4 Model B Rev 1.2" }).Allowed);
        Assert.True(rules.Judge(asked with { Board = "Raspberry Pi 4 Model B Rev 1.4", To = "2.83.18+rev1" }).Allowed);
    }

    [Theory]
    [InlineData("6.0.10", "6.0.49", "2.x")]
    [InlineData("6.0.10", "6.0.50", "takeover")]
    [InlineData("6.0.50.prod", "6.1.0", "2.x")]
    public void A_new_disk_layout_needs_the_takeover_path(string from, string to, string path) =>
        Assert.Equal(path, UpdateRules.Load("balena-2026").Judge(new UpdateQuestion("jetson-xavier", from, to)).Path);

    [Fact]
    public void Pre_releases_and_invalidated_releases_are_refused_where_the_file_says_so()
    {
        var rules = UpdateRules.Read("""
            {
              "name": "own",
              "paths": [ { "name": "all", "sourceMajor": { "from": 0 }, "targetMajor": { "from": 0 } } ],
              "blocked": [ { "target": { "atLeast": "2.5.0", "below": "2.5.1" }, "reason": "it loses the clock" } ]
            }
            """u8, "own");

        Assert.Equal(RuleReasons.PreRelease, rules.Judge(new UpdateQuestion("x", "2.0.0", "2.1.0-rc1")).Reason);
        Assert.Equal("2.5.0 is not to be installed: it loses the clock", rules.Judge(new UpdateQuestion("x", "2.0.0", "2.5.0")).Sentence);
        Assert.True(rules.Judge(new UpdateQuestion("x", "2.0.0", "2.5.1")).Allowed);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("""{ "name": "x" }""")]
    [InlineData("""{ "name": "x", "paths": [ { "name": "a", "sourceMajor": { "from": 0 }, "targetMajor": { "from": 0 }, "source": { "atLeast": "two" } } ] }""")]
    [InlineData("""{ "name": "x", "paths": [ { "name": "a", "sourceMajor": { "from": 0 }, "targetMajor": { "from": 0 }, "sauce": {} } ] }""")]
    [InlineData("""{ "name": "x", "paths": [ { "name": "a", "sourceMajor": { "from": 0 }, "targetMajor": { "from": 0 } } ], "deviceTypes": [ { "deviceType": "t", "path": "b" } ] }""")]
    public void A_file_with_a_mistake_is_refused(string json) =>
        Assert.Equal(HostupErrors.BadValue, Assert.Throws<HostupException>(() => UpdateRules.Read(Encoding.UTF8.GetBytes(json), "own")).Code);

    private static (string, bool) Answer(string rules, string type, string from, string to)
    {
        var verdict = UpdateRules.Load(rules).Judge(new UpdateQuestion(type, from, to));
        Assert.NotEmpty(verdict.Sentence);
        return (verdict.Reason, verdict.Allowed);
    }
}
