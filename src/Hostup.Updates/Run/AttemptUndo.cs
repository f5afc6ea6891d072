using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Steps;

namespace Hostup.Updates.Run;

/// <summary>Takes an attempt back that failed, or that nobody wants any more.</summary>
internal sealed class AttemptUndo(AttemptLog log)
{
    /// <summary>
    /// Takes back every step that was started, last first, each once: what the journal calls undone stays so. What cannot be taken back now holds the steps between it
    /// and the gate, which rest on it, and no other: the supervisor runs again. The attempt stays open until all is taken back. What is lost for good does not hold it open: its end
    /// says it.
    /// </summary>
    public async ValueTask<RunEnd> RunAsync(StepContext context, HostupException error, CancellationToken ct)
    {
        var records = log.Records;
        bool IsUndone(IStep step) => records.Any(r => r.Verb == JournalVerb.Undone && r.Step == step.Name);
        var started = UpdateRun.Steps.Reverse().Where(s => records.Any(r => r.Verb == JournalVerb.Started && r.Step == s.Name)).ToList();
        var lost = records.Where(r => r is { Verb: JournalVerb.Undone, Message: not null }).Select(r => r.Message!).ToList();
        HostupException? missing = null;
        bool holds = false;
        // A supervisor that runs, after a try before this one or a reboot, must not interfere.
        if (started.Exists(s => IsAfterGate(s) && !IsUndone(s)))
            (missing, holds) = await TryUndoAsync(context, error, started.Single(s => s is StopSupervisor), StopAgainAsync).ConfigureAwait(false);
        foreach (var step in started.Where(s => s is StopSupervisor || !IsUndone(s)))
        {
            if (holds && IsAfterGate(step))
                continue;
            var (failed, held) = await TryUndoAsync(context, error, step, s => s.UndoAsync(context, ct)).ConfigureAwait(false);
            string? gone = (failed?.InnerException as LostForGoodException)?.Message;
            if (gone is not null)
            {
                lost.Add(gone);
                failed = null;
            }
            if (failed is null && !IsUndone(step))
                AttemptLog.TryWrite(() => log.Undone(step.Name, gone));
            missing ??= failed;
            holds |= held;
        }
        if (missing is not null)
            return new RunEnd(RunEndKind.UndoIncomplete, missing);
        var (kind, outcome) = EndOf(error.Code, started.Exists(IsAfterGate));
        if (lost is not [])
            (kind, error) = (RunEndKind.UndoIncomplete, WithLost(error, lost));
        if (AttemptLog.TryWrite(() => log.End(outcome, error.Code.Id, error.Message)) is not { } unwritten)
            return new RunEnd(kind, error);
        var open = AttemptJournal.NotWritten("cannot close the attempt", $"{unwritten.Why}; all else is as before, after `{error.Code.Id}`: {error.Why}", unwritten);
        context.Progress.Report(started.FirstOrDefault()?.State ?? AttemptStates.Checking, 0, 0, open.Message);
        return new RunEnd(RunEndKind.UndoIncomplete, open);

        async ValueTask<IOException?> StopAgainAsync(IStep step)
        {
            await step.DoAsync(context, ct).ConfigureAwait(false);
            return null;
        }
    }

    /// <returns>Why something is left; null: nothing is. And whether other steps rest on it.</returns>
    private static async ValueTask<(HostupException? Failed, bool Holds)> TryUndoAsync(StepContext context, HostupException error, IStep step, Func<IStep, ValueTask<IOException?>> act)
    {
        Exception? left;
        bool holds = false;
        try
        {
            left = await act(step).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HostupException or IOException)
        {
            (left, holds) = (e, true);
        }
        if (left is null)
            return (null, false);
        var failed = new HostupException(error.Code, $"cannot take back step {step.Name} of the update", left.Message, "reboot the device, or replace the medium; it is tried again meanwhile", left);
        context.Progress.Report(step.State, 0, 0, failed.Message);
        return (failed, holds);
    }

    private static HostupException WithLost(HostupException error, List<string> lost) => new(
        error.Code, "cannot take all of the update back", $"{string.Join("; ", lost)}; all else is as before, after `{error.Code.Id}`: {error.Why}", "the device can be updated again", error);

    private static bool IsAfterGate(IStep step) => UpdateRun.Steps.SkipWhile(s => s is not Gate).Skip(1).Any(s => s.Name == step.Name);

    // What comes up after the gate is no refusal: the boot partition was written meanwhile.
    private static (RunEndKind Kind, string Outcome) EndOf(HostupErrorCode code, bool isAfterGate) =>
        code == HostupErrors.Cancelled ? (RunEndKind.Cancelled, AttemptStates.Cancelled)
        : code == HostupErrors.Superseded ? (RunEndKind.Superseded, AttemptStates.Superseded)
        : code.Kind == HostupErrorKind.Refused && !isAfterGate ? (RunEndKind.Refused, AttemptStates.Refused)
        : (RunEndKind.Failed, AttemptStates.Failed);
}
