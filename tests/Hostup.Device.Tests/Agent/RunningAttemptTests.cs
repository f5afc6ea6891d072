using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;

namespace Hostup.Device.Tests.Agent;

public sealed class RunningAttemptTests
{
    private static readonly DeviceTarget Target = new() { AttemptId = "b", Version = "2.0.0", ReleaseEnvelope = Digest.Of("x"u8) };

    [Theory]
    [InlineData("a", false, false, AttemptWishes.Supersede)]
    [InlineData("a", true, true, AttemptWishes.Supersede)]
    [InlineData("b", false, false, AttemptWishes.None)]
    [InlineData("b", true, false, AttemptWishes.Cancel)]
    [InlineData("b", true, true, AttemptWishes.Cancel | AttemptWishes.OverrideLocks)]
    public void A_target_is_a_wish_for_the_attempt_that_runs(string running, bool cancel, bool locks, AttemptWishes wishes) =>
        Assert.Equal(wishes, RunningAttempt.WishesOf([Record(JournalVerb.Opened, running), Record(JournalVerb.Started)], Target with { Cancel = cancel, OverrideLocks = locks }));

    [Fact]
    public void The_attempt_before_wishes_nothing_of_the_one_that_begins()
    {
        Assert.Equal(AttemptWishes.None, RunningAttempt.WishesOf([Record(JournalVerb.Opened, "a"), Record(JournalVerb.Ended)], Target with { Cancel = true }));
        Assert.Equal(AttemptWishes.None, RunningAttempt.WishesOf([], Target));
    }

    private static JournalRecord Record(JournalVerb verb, string? attempt = null) => new() { Verb = verb, BootId = "boot", At = DateTimeOffset.UnixEpoch, AttemptId = attempt };
}
