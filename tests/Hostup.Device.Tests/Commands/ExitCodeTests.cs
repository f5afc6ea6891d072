using Hostup.Core.Errors;
using Hostup.Updates.Checks;
using Hostup.Updates.Run;

namespace Hostup.Device.Tests.Commands;

/// <summary>What a script sees of checks and updates; docs/cli.md.</summary>
public sealed class ExitCodeTests
{
    private static readonly CheckResult Good = new("engine", HostupErrors.Engine, true, "answers", "");
    private static readonly CheckResult Refused = new("not-newer", HostupErrors.NotNewer, false, "older", "choose a newer one");
    private static readonly CheckResult Other = new("update-running", HostupErrors.UpdateRunning, false, "process 7", "wait");
    private static readonly CheckResult Unreached = new("image-missing", HostupErrors.Link, false, "connection refused", "start it again");

    [Fact]
    public void Checks_that_pass_end_with_0() => Assert.Equal(0, ExitCodes.Of([Good]));

    [Fact]
    public void A_check_that_refuses_ends_with_3_whatever_may_pass_later() => Assert.Equal(3, ExitCodes.Of([Good, Unreached, Refused]));

    [Fact]
    public void Another_update_ends_with_9() => Assert.Equal(9, ExitCodes.Of([Other, Refused]));

    [Fact]
    public void What_may_pass_later_ends_with_75() => Assert.Equal(75, ExitCodes.Of([Good, Unreached]));

    [Theory]
    [InlineData(RunEndKind.Refused, "not-newer", 3)]
    [InlineData(RunEndKind.Refused, "update-running", 9)]
    [InlineData(RunEndKind.Failed, "link", 75)]
    [InlineData(RunEndKind.Failed, "slot-write", 1)]
    [InlineData(RunEndKind.Cancelled, "cancelled", 4)]
    [InlineData(RunEndKind.Superseded, "superseded", 4)]
    [InlineData(RunEndKind.UndoIncomplete, "boot-files", 5)]
    [InlineData(RunEndKind.TrialPending, "trial-pending", 75)]
    public void An_update_ends_with_the_code_of_its_error(RunEndKind kind, string code, int exitCode) =>
        Assert.Equal(exitCode, ExitCodes.Of(new RunEnd(kind, Error(code))));

    [Theory]
    [InlineData(RunEndKind.Rebooting)]
    [InlineData(RunEndKind.NothingToDo)]
    public void An_update_that_reboots_or_has_nothing_to_do_ends_with_0(RunEndKind kind) => Assert.Equal(0, ExitCodes.Of(new RunEnd(kind)));

    [Fact]
    public void A_device_without_a_target_ends_with_2()
    {
        var error = Assert.Throws<HostupException>(() => TargetFile.Load("/nonexistent/target.json", "/nonexistent/release.json"));

        Assert.Equal(2, ExitCodes.Of(error));
        Assert.Contains("--target", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stale_plan_ends_with_75() => Assert.Equal(75, ExitCodes.Of(Error("plan-stale")));

    private static HostupException Error(string code) => new(HostupErrors.All.Single(c => c.Id == code), "cannot do it", "for a reason", "do something else");
}
