using Hostup.Core.Errors;
using Hostup.Core.Targets;
using Hostup.Core.Wire;

namespace Hostup.Core.Tests.Targets;

public sealed class DiagnosisTests
{
    public static TheoryData<string> Codes => [.. HostupErrors.All.Select(c => c.Id)];

    public static TheoryData<string> Reasons => [.. WhyNotCodes.All];

    [Fact]
    public void A_failure_has_step_cause_and_what_to_do()
    {
        var report = Failed("slot-write", "cannot write slot resin-rootB: input/output error at byte 4096; look at the device's kernel log for storage errors") with
        {
            Steps = [new StepReport("check-device", "done", 1), new StepReport("write-slot", "failed", 9)],
        };

        var findings = Diagnosis.Of(report, Why(report), "2.0.0");

        Assert.Equal("failed `slot-write`, the spare slot cannot be written: input/output error at byte 4096", findings.Sentence);
        Assert.Equal(("write-slot", "input/output error at byte 4096", "look at the device's kernel log for storage errors"), (findings.Step, findings.Cause, findings.WhatToDo));
    }

    [Fact]
    public void A_step_that_was_undone_after_it_failed_is_the_one_that_the_attempt_came_to()
    {
        var report = Failed("boot-files", null) with { Steps = [new StepReport("check-device", "undone", 1), new StepReport("write-boot-files", "undone", 9)] };

        Assert.Equal("write-boot-files", Diagnosis.Of(report, Why(report), "2.0.0").Step);
    }

    [Theory, MemberData(nameof(Codes))]
    public void A_code_without_a_message_has_its_cause_and_remedy(string code)
    {
        var report = Failed(code, null);

        var findings = Diagnosis.Of(report, Why(report), "2.0.0");

        Assert.Equal((ErrorTexts.Of(code)!.Phrase, ErrorTexts.Of(code)!.Remedy), (findings.Cause, findings.WhatToDo));
    }

    [Theory, MemberData(nameof(Reasons))]
    public void A_reason_that_is_no_error_says_what_to_do(string code)
    {
        var report = new AttemptReport { Serial = 1, State = AttemptStates.Waiting };

        Assert.True(Diagnosis.WhatToDo(report, new WhyNot(WhyNotKinds.Waits, code, "a sentence")).Length > 8, code);
    }

    [Fact]
    public void A_device_that_is_away_is_looked_for_whatever_its_last_word_was()
    {
        var report = new AttemptReport { Serial = 1, State = AttemptStates.Waiting, ErrorCode = "link", Message = "cannot reach it: no route; look at the network" };

        Assert.Equal("look at power and network of the device", Diagnosis.WhatToDo(report, new WhyNot(WhyNotKinds.Away, WhyNotCodes.Offline, "offline for 9 days")));
    }

    [Fact]
    public void Of_what_was_committed_nothing_is_to_be_done()
    {
        var findings = Diagnosis.Of(new AttemptReport { Serial = 1, State = AttemptStates.Committed, Message = "warning" }, null, "2.0.0");

        Assert.Equal(("committed: the update to 2.0.0 is done", "", "nothing"), (findings.Sentence, findings.Cause, findings.WhatToDo));
    }

    private static AttemptReport Failed(string code, string? message) => new() { Serial = 1, State = AttemptStates.Failed, ErrorCode = code, Message = message };

    private static WhyNot? Why(AttemptReport report) => Explanation.Of(new TargetFacts { Version = "2.0.0", Report = report, Now = default });
}
