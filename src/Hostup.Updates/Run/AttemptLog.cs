using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;

namespace Hostup.Updates.Run;

/// <summary>The journal in the words of a run: each method writes one durable record, stamped with boot and time.</summary>
public sealed class AttemptLog(DevicePorts device)
{
    private readonly AttemptJournal _journal = new(device.Files);

    /// <summary>Records of the last attempt.</summary>
    public IReadOnlyList<JournalRecord> Records => _journal.Read();

    /// <summary>Whether an attempt is open.</summary>
    public bool IsOpen => Records is [.., { Verb: not JournalVerb.Ended }];

    /// <summary>Opens an attempt.</summary>
    /// <param name="plan">Its plan.</param>
    /// <param name="digest">Digest of the plan's file.</param>
    public void Open(UpdatePlan plan, Digest digest) =>
        _journal.Open(New(JournalVerb.Opened, null) with { AttemptId = plan.AttemptId, Plan = digest, Updater = plan.Updater, Reinstall = plan.Reinstall ? true : null });

    /// <summary>A step is about to have its effect.</summary>
    public void Started(string step) => _journal.Append(New(JournalVerb.Started, step));

    /// <summary>The effect of a step is there.</summary>
    /// <param name="step">The step.</param>
    /// <param name="result">What it leaves.</param>
    /// <param name="bytes">Bytes on the wire during the step, by cause.</param>
    public void Done(string step, StepResult result, IReadOnlyList<CauseBytes> bytes) =>
        _journal.Append(New(JournalVerb.Done, step) with { Source = result.Source, Seconds = result.Fetching is { } time ? Math.Round(time.TotalSeconds, 1) : null, Bytes = bytes is [] ? null : bytes, LocksOverridden = result.LocksOverridden, SupervisorRan = result.SupervisorRan });

    /// <summary>A step failed.</summary>
    public void Failed(string step, HostupException error) => _journal.Append(New(JournalVerb.Failed, step) with { Code = error.Code.Id, Message = Short(error.Message) });

    /// <summary>A step was taken back.</summary>
    /// <param name="step">The step.</param>
    /// <param name="lost">What of it cannot be brought back for good; null: nothing.</param>
    public void Undone(string step, string? lost = null) => _journal.Append(New(JournalVerb.Undone, step) with { Message = Short(lost) });

    /// <summary>User space of the OS on trial came up. Nothing happens when no attempt is open.</summary>
    /// <param name="warning">What is not well all the same; null: nothing.</param>
    public void TrialBoot(string? warning = null)
    {
        if (IsOpen)
            _journal.Append(New(JournalVerb.TrialBoot, null) with { Message = Short(warning) });
    }

    /// <summary>The attempt is over. Nothing happens when none is open.</summary>
    public void End(string outcome, string? code, string? message)
    {
        if (IsOpen)
            _journal.Append(New(JournalVerb.Ended, null) with { Outcome = outcome, Code = code, Message = Short(message) });
    }

    /// <summary>A journal that is full or takes no write keeps nothing from being taken back.</summary>
    /// <returns>Why it has no such record now; null: it has.</returns>
    public static HostupException? TryWrite(Action record)
    {
        try
        {
            record();
            return null;
        }
        catch (HostupException e) when (e.Code == HostupErrors.Journal)
        {
            return e;
        }
    }

    private JournalRecord New(JournalVerb verb, string? step) => new() { Verb = verb, Step = step, BootId = device.Power.BootId, At = device.Clock.Now };

    private static string? Short(string? message) => message is { Length: > 400 } ? message[..400] : message;
}
