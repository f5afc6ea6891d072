using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Core.Targets;

/// <summary>Says why a device does not run its target: one code and one sentence for each device.</summary>
public static class Explanation
{
    /// <summary>A device that waits is away when it missed its poll by this: as long as an attempt may be silent.</summary>
    public static readonly TimeSpan AwayAfter = TimeSpan.FromMinutes(45);

    // an agent adds up to a tenth to the interval
    private const double PollJitter = 1.1;

    /// <summary>The reason; null: the device runs its target.</summary>
    public static WhyNot? Of(TargetFacts facts)
    {
        string state = facts.Report.State;
        if (facts.IsRetired && state != AttemptStates.Committed)
            return new(WhyNotKinds.Away, WhyNotCodes.Retired, "retired: it gets no target");
        if (AttemptStates.IsTerminal(state))
            return Ended(facts);
        if (facts.IsCloned)
            return new(WhyNotKinds.Away, WhyNotCodes.Cloned, "two machines use its key: it gets no target until one of them is flashed again");
        if (Away(facts) is { } away)
            return away;
        if (facts.CancelAsked)
            return new(WhyNotKinds.Waits, WhyNotCodes.CancelAsked, $"the operator cancelled it; the device, which is at {state}, has not said yet that it ended");
        return facts.Report is { ErrorCode: { } code } && state != AttemptStates.Waiting
            ? new(WhyNotKinds.Runs, code, $"failed {Fault(code, facts.Report.Message)}; the device takes it back")
            : Open(facts);
    }

    /// <summary>The reason of a device for which no attempt was made: it ran its target when that was declared.</summary>
    /// <param name="version">Version of the target.</param>
    /// <param name="runsOther">As <see cref="TargetFacts.RunsOther"/>.</param>
    public static WhyNot? OfUntried(string version, string runsOther) =>
        runsOther.Length == 0 ? null : new(WhyNotKinds.Ended, WhyNotCodes.Left, $"runs {runsOther}, and nothing is on its way to {version}");

    private static WhyNot? Ended(TargetFacts facts)
    {
        var report = facts.Report;
        if (report.State == AttemptStates.Committed)
            return facts.RunsOther.Length == 0 ? null : new(WhyNotKinds.Ended, WhyNotCodes.Left, $"runs {facts.RunsOther}, though the update to {facts.Version} was committed: it went back or was flashed since");
        string what = report.State == AttemptStates.RolledBack ? "rolled back" : report.State;
        // cancelled and superseded are their own reason
        if (report.ErrorCode is { } code && code != report.State)
            return new(WhyNotKinds.Ended, code, $"{what} {Fault(code, report.Message)}");
        string why = report switch
        {
            { Message: { } message } => ErrorMessage.ReasonOf(message, report.State),
            _ => ErrorTexts.Of(report.State)?.Phrase ?? "the device does not say why",
        };
        // an agent says "cancelled before it began"
        return new(WhyNotKinds.Ended, report.State, why.StartsWith(what, StringComparison.Ordinal) ? why : $"{what}: {why}");
    }

    private static WhyNot? Away(TargetFacts facts)
    {
        string state = facts.Report.State;
        if (facts.Silence is { DeviceHeardOf: true } stuck)
            return new(WhyNotKinds.Away, WhyNotCodes.Stuck, $"stuck: the device polls, but says nothing of the update since {Age.Text(facts.Now - stuck.Since)}; it was at {state}");
        if (facts.HeardAt is not { } heard)
            return new(WhyNotKinds.Away, WhyNotCodes.NeverSeen, "never heard of since it registered");
        bool missed = AttemptStates.Waits(state) && facts.Now - heard > AwayAfter + (PollJitter * facts.PollInterval);
        return facts.Silence is not null || missed
            ? new(WhyNotKinds.Away, WhyNotCodes.Offline, $"offline for {Age.Text(facts.Now - heard)}; the update is {state}")
            : null;
    }

    private static WhyNot Open(TargetFacts facts)
    {
        var report = facts.Report;
        return report.State switch
        {
            AttemptStates.Queued when facts.NotBefore is { } time && time > facts.Now => Waits(WhyNotCodes.Later, string.Create(CultureInfo.InvariantCulture, $"queued: it is tried again, not before {time.UtcDateTime:yyyy-MM-dd HH:mm}Z")),
            AttemptStates.Queued => facts.IsDelivered
                ? Waits(WhyNotCodes.Sent, "queued: the device knows of it and has not begun")
                : Waits(WhyNotCodes.Queued, "queued: the device hears of it at its next poll"),
            AttemptStates.Waiting => Waiting(report),
            AttemptStates.PreparingDelta => Waits(WhyNotCodes.Waiting, $"waiting: a delta is being made{Said(report)}"),
            AttemptStates.Ready => PolicyWaits.CodeOf(report.Message) is { } code
                ? Waits(code, report.Message!)
                : Waits(AttemptStates.Ready, $"everything is fetched{Said(report)}"),
            AttemptStates.WaitingForLock => Waits(WhyNotCodes.Lock, Lock(report, facts.Now)),
            AttemptStates.Checking => Runs(report, "the device is being checked"),
            AttemptStates.Downloading => Runs(report, "the image arrives"),
            AttemptStates.Verifying => Runs(report, "the spare slot is read back"),
            AttemptStates.Supervisor => Runs(report, "the image of the supervisor is fetched"),
            AttemptStates.BootFiles => Runs(report, "boot files and boot settings are replaced"),
            AttemptStates.Rebooting => Runs(report, "the device reboots into the new OS"),
            AttemptStates.Trial => Runs(report, "the new OS is on trial"),
            var state => Runs(report, $"the attempt is {state}"),
        };
    }

    private static WhyNot Waiting(AttemptReport report) => report switch
    {
        { ErrorCode: { } code } => Waits(code, $"waiting {Fault(code, report.Message)}"),
        { Message: { } message } when PolicyWaits.CodeOf(message) is { } code => Waits(code, message),
        { Message: { } message } => Waits(WhyNotCodes.Waiting, $"waiting: {message}"),
        _ => Waits(WhyNotCodes.Waiting, "waiting: the device does not say for what"),
    };

    // the device's own words name how many locks there are
    private static string Lock(AttemptReport report, DateTimeOffset now) => report switch
    {
        { Message: { } message } => message,
        { Lock: { } held } => $"held by lock `{held.Name}`{(held.Holder.Length > 0 ? $" ({held.Holder})" : "")} since {Age.Text(now - held.Since)}",
        _ => "held by the update lock of an application",
    };

    private static WhyNot Waits(string code, string sentence) => new(WhyNotKinds.Waits, code, sentence);

    private static WhyNot Runs(AttemptReport report, string sentence)
    {
        string bytes = report.StepBytesTotal > 0 ? $", {new ByteCount(report.StepBytesDone)} of {new ByteCount(report.StepBytesTotal)}" : "";
        string left = report.StepTimeLeft is { } time ? $", {Age.Text(time)} left" : "";
        return new(WhyNotKinds.Runs, report.State, sentence + bytes + left + Said(report));
    }

    private static string Said(AttemptReport report) => report.Message is { } message ? $": {message}" : "";

    // `boot-space`, the boot partition has too little room: 3.0 MiB more are needed
    private static string Fault(string code, string? message)
    {
        string named = ErrorTexts.Of(code) is { } text ? $"`{code}`, {text.Phrase}" : $"`{code}`";
        return message is null ? named : $"{named}: {ErrorMessage.ReasonOf(message, code)}";
    }
}
