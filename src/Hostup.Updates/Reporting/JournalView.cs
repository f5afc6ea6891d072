using Hostup.Core.Wire;
using Hostup.Updates.Account;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;

namespace Hostup.Updates.Reporting;

/// <summary>Progress inside a step, as the update process last told it.</summary>
/// <param name="State">State as in <see cref="AttemptStates"/>.</param>
/// <param name="Done">Bytes done.</param>
/// <param name="Total">Bytes in all; zero when unknown.</param>
/// <param name="Note">What it waits for, or the source in use.</param>
/// <param name="Tick">Grows with every report, also over processes.</param>
public sealed record StepProgress(string State, long Done, long Total, string? Note, long Tick)
{
    /// <summary>The update lock that it waits for; null: none.</summary>
    public LockReport? Lock { get; init; }

    /// <summary>Bytes a second; zero: unknown.</summary>
    public long BytesPerSecond { get; init; }
}

/// <summary>What an attempt looks like from outside: a function of its journal, its plan and the last progress.</summary>
public static class JournalView
{
    // Reports of one record: at most one a second for three years.
    private const long TicksPerRecord = 100_000_000;

    /// <summary>The report for the server; null when there is no attempt.</summary>
    /// <param name="records">The journal.</param>
    /// <param name="plan">The plan; null when its file is gone.</param>
    /// <param name="progress">Progress of the running step; null when no process works on it.</param>
    /// <param name="trial">Whether the new OS is on trial.</param>
    /// <param name="bytes">The account of the attempt; null: as far as the journal has it.</param>
    /// <param name="kernel">What kernels said last in the trial that was armed last; null: nothing.</param>
    public static AttemptReport? Report(IReadOnlyList<JournalRecord> records, UpdatePlan? plan, StepProgress? progress, bool trial, IReadOnlyList<CauseBytes>? bytes = null, string? kernel = null)
    {
        if (records is [])
            return null;
        var last = records[^1];
        bool ended = last.Verb == JournalVerb.Ended;
        // It failed and could not be taken back yet.
        var failed = ended ? null : records.LastOrDefault(r => r.Verb == JournalVerb.Failed);
        string state = ended ? last.Outcome! : trial ? AttemptStates.Trial : progress?.State ?? StateOf(records);
        return new AttemptReport
        {
            Serial = (records.Count * TicksPerRecord) + Math.Min(progress?.Tick ?? 0, TicksPerRecord - 1) + (trial && !ended ? 1 : 0),
            State = state,
            ErrorCode = ended ? last.Code : failed?.Code,
            Message = ended ? last.Message : progress?.Note ?? failed?.Message ?? (trial ? records.LastOrDefault(r => r.Verb == JournalVerb.TrialBoot)?.Message : null),
            KernelMessages = state == AttemptStates.RolledBack ? kernel : null,
            Source = records.LastOrDefault(r => r.Source is not null)?.Source,
            StepBytesDone = ended ? 0 : progress?.Done ?? 0,
            StepBytesTotal = ended ? 0 : progress?.Total ?? 0,
            StepBytesPerSecond = ended ? 0 : progress?.BytesPerSecond ?? 0,
            Lock = ended ? null : progress?.Lock,
            LocksOverridden = records.LastOrDefault(r => r.LocksOverridden is not null)?.LocksOverridden ?? [],
            Steps = Steps(records),
            Bytes = bytes ?? AttemptAccount.Sum((plan?.FetchedBefore ?? []).Concat(records.SelectMany(r => r.Bytes ?? []))),
            Reinstall = records[0].Reinstall == true,
            UpdaterVersion = plan?.UpdaterVersion ?? "",
            SlotBefore = plan?.FromSlot,
            SlotAfter = plan is null || !ended ? null : state == AttemptStates.Committed ? plan.ToSlot : plan.FromSlot,
        };
    }

    private static string StateOf(IReadOnlyList<JournalRecord> records)
    {
        string? step = records.LastOrDefault(r => r.Verb == JournalVerb.Started)?.Step;
        return UpdateRun.Steps.FirstOrDefault(s => s.Name == step)?.State ?? AttemptStates.Checking;
    }

    private static List<StepReport> Steps(IReadOnlyList<JournalRecord> records)
    {
        var steps = new List<StepReport>();
        foreach (var group in records.Where(r => r.Step is not null).GroupBy(r => r.Step!))
        {
            // From its last start to what came next: its end, its failure, or for the reboot the first record of the next boot.
            var started = group.LastOrDefault(r => r.Verb == JournalVerb.Started);
            var next = started is null ? null : records.SkipWhile(r => !ReferenceEquals(r, started)).Skip(1).FirstOrDefault();
            string state = group.Last().Verb switch
            {
                JournalVerb.Done => "done",
                JournalVerb.Undone => "undone",
                JournalVerb.Failed => "failed",
                _ => next is null ? "started" : "done",
            };
            double seconds = started is null || next is null ? 0 : (next.At - started.At).TotalSeconds;
            steps.Add(new StepReport(group.Key, state, Math.Max(0, Math.Round(seconds, 1))));
        }
        return steps;
    }
}
