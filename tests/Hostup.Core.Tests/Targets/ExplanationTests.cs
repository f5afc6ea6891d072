using Hostup.Core.Errors;
using Hostup.Core.Targets;
using Hostup.Core.Wire;

namespace Hostup.Core.Tests.Targets;

public sealed class ExplanationTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly TargetFacts Queued = new() { Version = "2.0.0", Report = Report(AttemptStates.Queued), Now = Now, HeardAt = Now, PollInterval = TimeSpan.FromMinutes(15) };

    public static TheoryData<string> Codes => [.. HostupErrors.All.Select(c => c.Id)];

    private static readonly string[] AllStates = [.. typeof(AttemptStates).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];

    private static readonly Dictionary<string, string> Sentences = new()
    {
        [WhyNotCodes.Queued] = "queued: the device hears of it at its next poll",
        [WhyNotCodes.Later] = "queued: it is tried again, not before 2026-03-01 14:00Z",
        [WhyNotCodes.Sent] = "queued: the device knows of it and has not begun",
        [WhyNotCodes.Retired] = "retired: it gets no target",
        [WhyNotCodes.Cloned] = "two machines use its key: it gets no target until one of them is flashed again",
        [WhyNotCodes.NeverSeen] = "never heard of since it registered",
        [WhyNotCodes.Offline] = "offline for 9 days; the update is queued",
        [WhyNotCodes.Stuck] = "stuck: the device polls, but says nothing of the update since 3 h; it was at downloading",
        [WhyNotCodes.CancelAsked] = "the operator cancelled it; the device, which is at downloading, has not said yet that it ended",
        [WhyNotCodes.Window] = "waiting for window 22:00-04:00 Europe/Berlin",
        [WhyNotCodes.ClockForWindow] = "waiting for the clock to be set, and then for window 22:00-04:00 Europe/Berlin",
        [WhyNotCodes.AnotherWindow] = "waiting for another window: it is none",
        [WhyNotCodes.Metered] = "waiting for a network that is not metered",
        [WhyNotCodes.Apply] = "everything is fetched and verified; waiting for `hostup update apply`",
        [WhyNotCodes.Lock] = "held by lock `backup` (process 512 rsync) since 3 h",
        [WhyNotCodes.Waiting] = "waiting: tries the registry again in 60 s",
        [WhyNotCodes.Left] = "runs 1.0.0, though the update to 2.0.0 was committed: it went back or was flashed since",
    };

    public static TheoryData<string> States => [.. AllStates];

    public static TheoryData<string> Reasons => [.. WhyNotCodes.All];

    [Theory, MemberData(nameof(Codes))]
    public void Every_code_has_its_words(string code)
    {
        var text = ErrorTexts.Of(code);

        Assert.True(text is { Phrase.Length: > 8, Remedy.Length: > 8 }, $"{code} has no words");
        Assert.Equal(HostupErrors.All.Count, HostupErrors.All.Select(c => ErrorTexts.Of(c.Id)!.Phrase).Distinct().Count());
    }

    [Theory, MemberData(nameof(Codes))]
    public void Every_code_yields_its_sentence_when_it_ends_an_attempt_and_when_a_device_waits(string code)
    {
        string phrase = ErrorTexts.Of(code)!.Phrase;

        foreach (string state in (string[])[AttemptStates.Refused, AttemptStates.Failed, AttemptStates.RolledBack, AttemptStates.Waiting, AttemptStates.Downloading])
        {
            var why = Explanation.Of(Queued with { Report = Report(state, code, "cannot do it: 12 of 15 are there; do that") })!;

            Assert.Equal(code, why.Code);
            Assert.Contains($"`{code}`, {phrase}: 12 of 15 are there", why.Sentence, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(States))]
    public void Every_state_yields_its_sentence(string state)
    {
        var why = Explanation.Of(Queued with { Report = Report(state), RunsOther = "1.0.0" });

        Assert.NotNull(why);
        Assert.True(why.Sentence.Length > 10, why.Sentence);
        Assert.Equal(AttemptStates.IsTerminal(state), why.Kind == WhyNotKinds.Ended);
        Assert.Equal(AllStates.Length, AllStates.Select(s => Explanation.Of(Queued with { Report = Report(s), RunsOther = "1.0.0" })!.Sentence).Distinct().Count());
    }

    [Theory, MemberData(nameof(Reasons))]
    public void A_reason_that_is_no_error_has_its_code_and_sentence(string code)
    {
        var why = Explanation.Of(Facts(code))!;

        Assert.Equal((code, Sentences[code]), (why.Code, why.Sentence));
    }

    [Fact]
    public void No_reason_has_the_code_of_an_error_that_means_something_else() =>
        Assert.Equal([WhyNotCodes.Cloned], WhyNotCodes.All.Intersect(HostupErrors.All.Select(c => c.Id)));

    [Theory]
    [InlineData("boot-space: 12.0 MiB are free, 15.0 MiB are needed", "refused `boot-space`, the boot partition has too little room: 12.0 MiB are free, 15.0 MiB are needed")]
    [InlineData("boot-space: 1 B is free; clock: 1970", "refused `boot-space`, the boot partition has too little room: 1 B is free; clock: 1970")]
    public void A_refusal_tells_what_the_check_saw(string saw, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(Queued with { Report = Report(AttemptStates.Refused, "boot-space", $"cannot update to 2.0.0: {saw}; make room on the boot partition") })!.Sentence);

    [Fact]
    public void A_code_of_a_newer_device_is_told_as_it_is() =>
        Assert.Equal("failed `worn-out`: because", Explanation.Of(Queued with { Report = Report(AttemptStates.Failed, "worn-out", "cannot do it: because; do that") })!.Sentence);

    [Theory]
    [InlineData("cannot go on with the update: the operator cancelled it; start it again when it is wanted", "cancelled: the operator cancelled it")]
    [InlineData("cancelled before it began", "cancelled before it began")]
    public void A_cancelled_attempt_says_it_once(string message, string sentence) =>
        Assert.Equal(sentence, Explanation.Of(Queued with { Report = Report(AttemptStates.Cancelled, "cancelled", message) })!.Sentence);

    [Fact]
    public void Several_locks_are_told_in_the_words_of_the_device() =>
        Assert.Equal("held by lock `backup` since 3 h, and 2 more", Explanation.Of(Queued with { Report = Report(AttemptStates.WaitingForLock) with { Message = "held by lock `backup` since 3 h, and 2 more", Lock = new LockReport("backup", "/l", "", Now) } })!.Sentence);

    [Theory]
    [InlineData("", null)]
    [InlineData("1.0.0", "runs 1.0.0, and nothing is on its way to 2.0.0")]
    public void A_device_that_left_a_target_it_ran_before_says_so(string runsOther, string? sentence) => Assert.Equal(sentence, Explanation.OfUntried("2.0.0", runsOther)?.Sentence);

    [Fact]
    public void A_device_that_runs_its_target_has_no_sentence() => Assert.Null(Explanation.Of(Queued with { Report = Report(AttemptStates.Committed) }));

    [Theory]
    [InlineData(AttemptStates.Queued, 61, false)]
    [InlineData(AttemptStates.Queued, 62, true)]
    [InlineData(AttemptStates.Ready, 62, true)]
    [InlineData(AttemptStates.Trial, 62, false)]
    public void A_device_that_waits_is_offline_when_it_missed_its_poll(string state, int minutes, bool offline) =>
        Assert.Equal(offline, Explanation.Of(Queued with { Report = Report(state), HeardAt = Now.AddMinutes(-minutes) })!.Code == WhyNotCodes.Offline);

    [Fact]
    public void A_step_that_runs_tells_bytes_and_time_left() =>
        Assert.Equal("the image arrives, 1.0 MiB of 3.0 MiB, 2 min left: registry",
            Explanation.Of(Queued with { Report = Report(AttemptStates.Downloading) with { Message = "registry", StepBytesDone = 1 << 20, StepBytesTotal = 3 << 20, StepBytesPerSecond = (2 << 20) / 120 } })!.Sentence);

    private static TargetFacts Facts(string code) => code switch
    {
        WhyNotCodes.Queued => Queued,
        WhyNotCodes.Later => Queued with { NotBefore = Now.AddHours(2) },
        WhyNotCodes.Sent => Queued with { IsDelivered = true },
        WhyNotCodes.Retired => Queued with { IsRetired = true },
        WhyNotCodes.Cloned => Queued with { IsCloned = true },
        WhyNotCodes.NeverSeen => Queued with { HeardAt = null },
        WhyNotCodes.Offline => Queued with { HeardAt = Now.AddDays(-9) },
        WhyNotCodes.Stuck => Queued with { Report = Report(AttemptStates.Downloading), Silence = new AttemptSilence(Now.AddHours(-3), DeviceHeardOf: true) },
        WhyNotCodes.CancelAsked => Queued with { Report = Report(AttemptStates.Downloading), CancelAsked = true },
        WhyNotCodes.Window => Waiting(PolicyWaits.ForWindow(Night)),
        WhyNotCodes.ClockForWindow => Waiting(PolicyWaits.ForClock(Night)),
        WhyNotCodes.AnotherWindow => Waiting(PolicyWaits.ForAnotherWindow("it is none")),
        WhyNotCodes.Metered => Waiting(PolicyWaits.Metered),
        WhyNotCodes.Apply => Queued with { Report = Report(AttemptStates.Ready) with { Message = PolicyWaits.Apply } },
        WhyNotCodes.Lock => Queued with { Report = Report(AttemptStates.WaitingForLock) with { Lock = new LockReport("backup", "/tmp/balena/backup/updates.lock", "process 512 rsync", Now.AddHours(-3)) } },
        WhyNotCodes.Waiting => Waiting("tries the registry again in 60 s"),
        WhyNotCodes.Left => Queued with { Report = Report(AttemptStates.Committed), RunsOther = "1.0.0" },
        _ => throw new ArgumentOutOfRangeException(nameof(code), code, "no facts lead to it"),
    };

    private static TimeWindow Night => TimeWindow.Parse("22:00-04:00 Europe/Berlin");

    private static TargetFacts Waiting(string message) => Queued with { Report = Report(AttemptStates.Waiting) with { Message = message } };

    private static AttemptReport Report(string state, string? code = null, string? message = null) => new() { Serial = 1, State = state, ErrorCode = code, Message = message };
}
