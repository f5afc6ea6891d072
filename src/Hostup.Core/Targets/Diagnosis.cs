using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Core.Targets;

/// <summary>Takes the report of an attempt apart: where it came to, why, and what to do.</summary>
public static class Diagnosis
{
    private const string ReadLog = "read the log with `hostup update log`";
    private const string Wait = "nothing: it goes on by itself";

    /// <summary>What the report itself says; log, device and release are added by whoever has them.</summary>
    /// <param name="report">The last report of the device.</param>
    /// <param name="whyNot">Why the device does not run the release; null: it does.</param>
    /// <param name="version">Version of the release.</param>
    public static AttemptFindings Of(AttemptReport report, WhyNot? whyNot, string version) => new()
    {
        Sentence = whyNot?.Sentence ?? $"committed: the update to {version} is done",
        WhyNot = whyNot,
        Step = (report.Steps.LastOrDefault(s => s.State == "failed") ?? (report.Steps is [.., var last] ? last : null))?.Name,
        Cause = report.State == AttemptStates.Committed ? "" : CauseOf(report),
        WhatToDo = WhatToDo(report, whyNot),
    };

    /// <summary>What to do about it: in the device's own words when it has some, else in those of its code.</summary>
    /// <param name="report">The last report of the device.</param>
    /// <param name="whyNot">Why the device does not run the release; null: it does.</param>
    public static string WhatToDo(AttemptReport report, WhyNot? whyNot)
    {
        if (whyNot is null)
            return "nothing";
        if (whyNot.Kind != WhyNotKinds.Away && report.Message is { } message && ErrorMessage.Parse(message).WhatToDo is { Length: > 0 } said)
            return said;
        if (whyNot.Kind != WhyNotKinds.Away && report.ErrorCode is { } code)
            return ErrorTexts.Of(code)?.Remedy ?? ReadLog;
        return whyNot.Code switch
        {
            WhyNotCodes.Retired => "let it in again with `hostup device reset-key`",
            WhyNotCodes.Cloned => ErrorTexts.Of(HostupErrors.Cloned.Id)!.Remedy,
            WhyNotCodes.NeverSeen or WhyNotCodes.Offline => "look at power and network of the device",
            WhyNotCodes.Stuck => ReadLog + ", and look at unit hostup-update on the device",
            WhyNotCodes.Window or WhyNotCodes.ClockForWindow or WhyNotCodes.Metered => "nothing: it goes on when the policy allows it; another one is said with `hostup update set`",
            WhyNotCodes.AnotherWindow => ErrorTexts.Of(HostupErrors.Policy.Id)!.Remedy,
            WhyNotCodes.Apply => "let it go on with `hostup update apply`",
            WhyNotCodes.Lock => "wait for the application, or pass over its lock with `hostup update override-locks`",
            WhyNotCodes.Left => "start the update again when it is wanted",
            _ when whyNot.Kind == WhyNotKinds.Ended => ErrorTexts.Of(whyNot.Code)?.Remedy ?? ReadLog,
            _ => Wait,
        };
    }

    private static string CauseOf(AttemptReport report)
    {
        if (report.Message is { } message)
            return ErrorMessage.ReasonOf(message, report.ErrorCode);
        return report.ErrorCode is { } code ? ErrorTexts.Of(code)?.Phrase ?? "" : "";
    }
}
