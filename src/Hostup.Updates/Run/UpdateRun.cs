using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Journal;
using Hostup.Updates.Plan;
using Hostup.Updates.Rollback;
using Hostup.Updates.Ports;
using Hostup.Updates.Slots;
using Hostup.Updates.Steps;

namespace Hostup.Updates.Run;

/// <summary>One attempt to update the device, from the first check to the reboot. What the new OS does then is in Rollback.</summary>
public sealed class UpdateRun(DevicePorts device, IAttemptProgress progress, Func<StepContext, IReadOnlyList<IHostAppSource>> sources)
{
    // mender's loop breaker: a run that resumes this often without finishing a step gives up.
    private const int MaxResumesWithoutProgress = 5;

    // Eight steps told this often, twice each, are less than half of the journal.
    private const int MostRecordsOfAStep = 5;

    /// <summary>
    /// After a cut at most this, two members that were under way, one for the header of a file in its middle, and what the kernel had received
    /// are fetched again: together at most 4 MiB. A checkpoint costs one flush of the spare's file system.
    /// </summary>
    public const long DefaultCheckpointBytes = 1 << 20;

    private readonly AttemptLog _log = new(device);
    private readonly AttemptFiles _attempt = new(device.Files);
    private readonly AttemptUndo _undo = new(new AttemptLog(device));

    /// <summary>The whole update, in the order it happens. Reading this list is reading the design.</summary>
    public static IReadOnlyList<IStep> Steps { get; } =
    [
        new CheckDevice(),
        new StopSupervisor(),
        new WriteSlot(),
        new FetchSupervisor(),
        new Gate(),
        new WriteBootFiles(),
        new WriteBootAreas(),
        new RunHooks(),
        new SwitchBoot(),
        new Reboot(),
    ];

    /// <summary>Bytes that are received between two checkpoints of the spare slot.</summary>
    public long CheckpointBytes { get; init; } = DefaultCheckpointBytes;

    /// <summary>Begins a new attempt. Plan, manifest and envelope are durable before the first record.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="manifest">Signed payload of the release's envelope, already verified.</param>
    /// <param name="envelope">The envelope, which is judged again before the switch; empty: none is kept.</param>
    /// <param name="ct">Ends the process's work at the next safe point; the attempt stays open.</param>
    public async ValueTask<RunEnd> StartAsync(UpdatePlan plan, ReadOnlyMemory<byte> manifest, ReadOnlyMemory<byte> envelope, CancellationToken ct)
    {
        var release = ReleaseManifest.Parse(manifest.Span);
        // An attempt that ended is over, also when its process is started again.
        if (_log.Records is [{ AttemptId: { } last }, ..] && last == plan.AttemptId)
            return new RunEnd(RunEndKind.NothingToDo);
        try
        {
            var digest = _attempt.Save(plan, manifest.Span, envelope.Span);
            // Of an older attempt whose end was kept and nothing after it: they would tell of this one.
            if (Breadcrumbs.Lie(device.Files) && !Trial.IsPending(device))
                Breadcrumbs.PickUp(device.Files);
            _log.Open(plan, digest);
            _attempt.RemoveOthers(digest, plan);
        }
        catch (Exception e) when (AttemptJournal.IsNotWritten(e))
        {
            return new RunEnd(RunEndKind.Failed, AttemptJournal.NotWritten("cannot begin the update", (e as HostupException)?.Why ?? e.Message, e));
        }
        return await GoOnAsync(Context(plan, release), ct).ConfigureAwait(false);
    }

    /// <summary>Takes an open attempt up where the device stands.</summary>
    public async ValueTask<RunEnd> ResumeAsync(CancellationToken ct)
    {
        var records = _log.Records;
        if (!_log.IsOpen)
            return new RunEnd(RunEndKind.NothingToDo);
        var (plan, release) = _attempt.Load(records[0].Plan!.Value);
        if (Trial.IsPending(device) && !SwitchedInThisBoot(records))
            return new RunEnd(RunEndKind.TrialPending);
        if (device.Slots.Running.PartitionNumber == plan.ToPartition)
            return new RunEnd(RunEndKind.TrialPending);
        if (IsGoingBack(plan))
            return new RunEnd(RunEndKind.TrialPending);

        var context = Context(plan, release);
        if (records.Any(r => r.Verb == JournalVerb.Failed))
            return await _undo.RunAsync(context, LastError(records), ct).ConfigureAwait(false);
        if (WhyNotResume(records, plan) is { } error)
            return await FailAsync(context, "resume", error, ct).ConfigureAwait(false);
        return await GoOnAsync(context, ct).ConfigureAwait(false);
    }

    /// <summary>Takes an open attempt back: its own updater is gone or fails. Any program may do this.</summary>
    public async ValueTask<RunEnd> GiveUpAsync(CancellationToken ct)
    {
        var records = _log.Records;
        if (!_log.IsOpen)
            return new RunEnd(RunEndKind.NothingToDo);
        var (plan, release) = _attempt.Load(records[0].Plan!.Value);
        if (Trial.IsPending(device) || device.Slots.Running.PartitionNumber == plan.ToPartition || IsGoingBack(plan))
            return new RunEnd(RunEndKind.TrialPending);
        return records.Any(r => r.Verb == JournalVerb.Failed)
            ? await _undo.RunAsync(Context(plan, release), LastError(records), ct).ConfigureAwait(false)
            : await FailAsync(Context(plan, release), "resume", UpdaterGone(), ct).ConfigureAwait(false);
    }

    private StepContext Context(UpdatePlan plan, ReleaseManifest release) => new(device, plan, release, sources, progress) { CheckpointBytes = CheckpointBytes };

    private async ValueTask<RunEnd> GoOnAsync(StepContext context, CancellationToken ct)
    {
        var records = _log.Records;
        // Beneath an armed trial no boot file is written anew, also when the journal did not tell of it each time.
        bool switched = SwitchedInThisBoot(records) && context.IsSwitched;
        foreach (var step in Remaining(records).Where(s => IsPartOf(s, context) && (!switched || s is Gate or SwitchBoot or Reboot)))
        {
            try
            {
                context.Progress.Report(step.State, 0, 0, null);
                // A process that goes on in the step in which the one before it ended has nothing new to say.
                if ((_log.Records[^1] is not { Verb: JournalVerb.Started } last || last.Step != step.Name || last.BootId != device.Power.BootId) && IsWorthARecord(step, JournalVerb.Started))
                    _log.Started(step.Name);
                var before = context.Account.Bytes;
                var result = await step.DoAsync(context, ct).ConfigureAwait(false);
                if (step is Reboot)
                    return new RunEnd(RunEndKind.Rebooting);
                context.Account.Save();
                if (IsWorthARecord(step, JournalVerb.Done))
                    _log.Done(step.Name, result, context.Account.Since(before));
            }
            catch (HostupException e)
            {
                return await FailAsync(context, step.Name, e, ct).ConfigureAwait(false);
            }
            catch (IOException e)
            {
                var error = new HostupException(step.FileError, $"cannot finish step {step.Name}", e.Message, "see the log of the attempt; the device runs on", e);
                return await FailAsync(context, step.Name, error, ct).ConfigureAwait(false);
            }
        }
        throw new InvalidOperationException("bug: the last step of an update is the reboot");
    }

    // What a release has nothing for, and what a revert has no need of, is in neither plan nor journal.
    private static bool IsPartOf(IStep step, StepContext context) => step switch
    {
        WriteBootAreas => context.Release.BootAreas is not [],
        RunHooks => context.Release.Hooks is not [],
        WriteSlot or FetchSupervisor => !context.Plan.Revert,
        _ => true,
    };

    private async ValueTask<RunEnd> FailAsync(StepContext context, string step, HostupException error, CancellationToken ct)
    {
        context.Account.Save();
        AttemptLog.TryWrite(() => _log.Failed(step, error));
        return await _undo.RunAsync(context, error, ct).ConfigureAwait(false);
    }

    /// <summary>Every step that is not known to be done. A Done whose effect a reboot takes away counts only in its own boot, one that ends with the process not at all.</summary>
    private IEnumerable<IStep> Remaining(IReadOnlyList<JournalRecord> records) =>
        Steps.Where(step => !step.OutlivesProcess || !records.Any(r => r.Verb == JournalVerb.Done && r.Step == step.Name && (step.OutlivesReboot || r.BootId == device.Power.BootId)));

    /// <summary>The new OS was left, and the first program of this boot could not end that: a state partition that took no write. The next boot does; nothing is begun anew before.</summary>
    private bool IsGoingBack(UpdatePlan plan) => Breadcrumbs.Lie(device.Files) && (RollbackCause.Load(device.Files)?.FromPartition == plan.ToPartition || TrialBoots.Read(device.Files) > 0);

    private bool SwitchedInThisBoot(IReadOnlyList<JournalRecord> records) =>
        records.Any(r => r.Step == SwitchBoot.StepName && r.BootId == device.Power.BootId);

    /// <summary>
    /// A device that loses its power again and again does the same steps again and again: the first few times are told. What is not told is looked at
    /// once more by a process that goes on in the same boot. The switch is told each time: it says in which boot it was.
    /// </summary>
    private bool IsWorthARecord(IStep step, JournalVerb verb) =>
        step is SwitchBoot || _log.Records.Count(r => r.Verb == verb && r.Step == step.Name) < MostRecordsOfAStep;

    /// <summary>
    /// Resumes count from the last time that a step was done which never was before, or that more of the image became durable: what is done anew after
    /// each reboot is no progress.
    /// </summary>
    private HostupException? WhyNotResume(IReadOnlyList<JournalRecord> records, UpdatePlan plan)
    {
        int done = records.Where(r => r.Verb == JournalVerb.Done).Select(r => r.Step).Distinct().Count();
        var written = SpareProgress.Load(device.Files) is { } progress && progress.Attempt == plan.AttemptId ? progress : null;
        string mark = $"{done} {written?.Place.Layer} {written?.Place.Offset} {written?.FileBytes}";
        var count = new ResumeCount(device.Files, plan.AttemptId);
        if (count.At(mark) >= MaxResumesWithoutProgress)
            return NoProgress();
        try
        {
            count.Add(mark);
            return null;
        }
        catch (IOException e)
        {
            return AttemptJournal.NotWritten("cannot go on with the update", e.Message, e);
        }
    }

    private static HostupException NoProgress() => new(
        HostupErrors.NoProgress, "cannot finish the update", $"it was resumed {MaxResumesWithoutProgress} times without finishing a step", "look at the log for what ends the process, then start it again");

    private static HostupException UpdaterGone() => new(
        HostupErrors.NoProgress, "cannot go on with the update", "the updater that began it is not there any more", "start the update again");

    private static HostupException LastError(IReadOnlyList<JournalRecord> records)
    {
        var failed = records.Last(r => r.Verb == JournalVerb.Failed);
        var code = HostupErrors.All.FirstOrDefault(c => c.Id == failed.Code) ?? HostupErrors.Journal;
        return new HostupException(code, $"cannot finish step {failed.Step}", failed.Message ?? "the reason was not kept", "see the log of the attempt");
    }
}
