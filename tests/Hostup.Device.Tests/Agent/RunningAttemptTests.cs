using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Linux.Network;
using Hostup.Updates.Journal;
using Hostup.Updates.Ports;
using Hostup.Updates.Reporting;
using Hostup.Updates.Run;

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

    /// <summary>A key that is revoked while an attempt waits must not be able to wait as well.</summary>
    [Theory]
    [InlineData(AttemptStates.Ready, true)]
    [InlineData(AttemptStates.Waiting, true)]
    [InlineData(AttemptStates.PreparingDelta, true)]
    [InlineData(AttemptStates.WaitingForLock, true)]
    [InlineData(AttemptStates.Downloading, false)]
    [InlineData(AttemptStates.BootFiles, false)]
    public async Task Lists_of_keys_are_taken_while_an_attempt_waits(string state, bool taken)
    {
        using var builder = new OsBuilder();
        using var victim = new Victim(builder.Trust(1));
        await using var server = new Impostor();
        server.Trust((2, builder.Sign(builder.Trust(2, release: builder.Stranger), builder.Root)));
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, server.Base, Victim.Key);
        var intake = new TargetIntake(link, new UpdaterStore(link, victim.Trust), victim.Trust);
        var running = new RunningAttempt(link, new AttemptLog(victim.Device.Device), intake.TakeTrustAsync);

        await running.PollAsync(new StepProgress(state, 0, 0, null, 1), default);

        Assert.Equal(taken ? 2 : 1, victim.Trust.Load().Version);
    }

    private static JournalRecord Record(JournalVerb verb, string? attempt = null) => new() { Verb = verb, BootId = "boot", At = DateTimeOffset.UnixEpoch, AttemptId = attempt };
}
