using Hostup.Core.Wire;

namespace Hostup.Core.Tests.Wire;

public sealed class UpstreamProgressTests
{
    /// <summary>An update from its first state to its last, in the order in which a device goes through them.</summary>
    private static readonly string[] Course =
    [
        AttemptStates.Checking, AttemptStates.PreparingDelta, AttemptStates.Downloading, AttemptStates.Waiting, AttemptStates.Downloading, AttemptStates.Verifying, AttemptStates.Supervisor, AttemptStates.Ready,
        AttemptStates.WaitingForLock, AttemptStates.BootFiles, AttemptStates.Rebooting, AttemptStates.Trial, AttemptStates.Committed,
    ];

    [Fact]
    public void The_percentage_never_goes_back_in_the_course_of_an_update()
    {
        var percentages = Course.Select(s => UpstreamProgress.Of(s)!.Percentage).ToList();

        Assert.Equal(percentages.Order(), percentages);
        Assert.Equal((25, 100), (percentages[0], percentages[^1]));
    }

    [Theory]
    [InlineData(AttemptStates.Checking, 25, "Preparing OS update")]
    [InlineData(AttemptStates.Downloading, 50, "Running OS update")]
    [InlineData(AttemptStates.Supervisor, 95, "Running supervisor update")]
    [InlineData(AttemptStates.Ready, 100, "Update successful pending reboot.")]
    [InlineData(AttemptStates.WaitingForLock, 100, "Reboot waiting on application lock")]
    [InlineData(AttemptStates.Rebooting, 100, "Reboot in progress")]
    [InlineData(AttemptStates.RolledBack, 100, "OS update failed")]
    public void The_texts_are_upstreams(string state, int percentage, string text) => Assert.Equal(new UpstreamProgress(percentage, text), UpstreamProgress.Of(state));

    [Fact]
    public void Every_state_but_queued_has_one()
    {
        var states = typeof(AttemptStates).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!);

        Assert.Equal([AttemptStates.Queued], states.Where(s => UpstreamProgress.Of(s) is null));
    }
}
