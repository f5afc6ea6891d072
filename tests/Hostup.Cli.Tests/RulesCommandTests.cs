using System.Text.Json;

namespace Hostup.Cli.Tests;

public sealed class RulesCommandTests
{
    [Fact]
    public async Task An_allowed_update_ends_with_0_and_a_refused_one_with_3()
    {
        var allowed = await CommandRun.OfAsync("rules", "check", "--device-type", "beaglebone-black", "--from", "2.0.0+rev2", "--to", "2.12.3+rev1");
        var refused = await CommandRun.OfAsync("rules", "check", "--device-type", "beaglebone-black", "--from", "2.12.3+rev1", "--to", "2.0.0+rev2");

        Assert.Equal((0, "allowed: 2.0.0+rev2 to 2.12.3+rev1 is allowed on path 2.x"), (allowed.ExitCode, allowed.Output.Trim()));
        Assert.Equal((3, "refused: 2.0.0+rev2 is older than 2.12.3+rev1, which the device runs [downgrade]"), (refused.ExitCode, refused.Output.Trim()));
    }

    [Fact]
    public async Task Data_holds_reason_and_stepping_stones()
    {
        var run = await CommandRun.OfAsync("rules", "check", "--device-type", "raspberrypi3", "--from", "1.30.0", "--to", "2.98.0", "--json");

        using var verdict = JsonDocument.Parse(run.Output);
        Assert.Equal(3, run.ExitCode);
        Assert.False(verdict.RootElement.GetProperty("allowed").GetBoolean());
        Assert.Equal("target-too-new", verdict.RootElement.GetProperty("reason").GetString());
        Assert.Equal("2.3.0+rev1", verdict.RootElement.GetProperty("via").EnumerateArray().Single().GetString());
    }

    [Theory]
    [InlineData("no-such-rules")]
    [InlineData("/etc/hostname")]
    public async Task Rules_that_cannot_be_read_are_a_usage_error(string rules)
    {
        var run = await CommandRun.OfAsync("rules", "check", "--rules", rules, "--device-type", "x", "--from", "2.0.0", "--to", "2.1.0");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains($"cannot read rules '{rules}'", run.Error, StringComparison.Ordinal);
    }
}
