using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Device.Agent;
using Hostup.Linux.Locks;
using Hostup.Linux.Processes;
using Hostup.Updates.Run;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device update</c>: one process's work on one attempt.</summary>
internal static class UpdateCommand
{
    public static Command Create()
    {
        var options = new TargetOptions();
        var resume = new Option<bool>("--resume") { Description = "Only take up an open attempt; start none" };
        var plan = new Option<string?>("--plan") { Description = "Execute exactly this plan of `hostup-device plan --out`; ends with 75 when the device changed since" };
        var revert = new Option<bool>("--revert") { Description = "Go back to the OS in the spare slot, if it is as it was when it ran" };
        var locks = new Option<bool>("--override-locks") { Description = "With --revert: reboot also while an application holds an update lock" };
        var command = new Command("update", "Carry out the update that the server asked for, or go on with an interrupted one\n\nExample: hostup-device update --resume") { options.Target, options.Release, resume, plan, revert, locks };
        command.SetAction((parsed, ct) => InUnitAsync(
            [.. parsed.Tokens.Select(t => t.Value).Skip(1)],
            () => parsed.GetValue(revert) ? UpdateBeginning.Revert(parsed.GetValue(locks)) : UpdateBeginning.Load(parsed.GetValue(options.Target)!, parsed.GetValue(options.Release)!, parsed.GetValue(plan)),
            parsed.GetValue(plan) is not null || parsed.GetValue(revert), parsed.GetValue(resume), ct));
        return command;
    }

    /// <summary>By hand it runs in the unit too, so that what it mounts is seen by nobody else.</summary>
    private static async Task<int> InUnitAsync(IReadOnlyList<string> arguments, Func<UpdateBeginning> load, bool isGiven, bool onlyResume, CancellationToken ct)
    {
        var unit = new UpdateUnit(new CommandRunner());
        if (!unit.IsMissing)
            return await RunAsync(load, isGiven, onlyResume, ct).ConfigureAwait(false);
        // Told before the unit is: it could only say that its name is taken.
        (await UpdateLock.TakeAsync(ct).ConfigureAwait(false)).Dispose();
        return await unit.RunAttachedAsync(ThisProgram.FilePath, arguments, ct).ConfigureAwait(false);
    }

    private static async Task<int> RunAsync(Func<UpdateBeginning> load, bool isGiven, bool onlyResume, CancellationToken ct)
    {
        using var processLock = await UpdateLock.TakeAsync(ct).ConfigureAwait(false);
        using var device = new ThisDevice();
        using var links = new SourceLinks();
        var open = new AttemptLog(device.Ports);
        var begin = isGiven || !(open.IsOpen || onlyResume) ? load() : null;
        string attempt = begin?.Target.Target.AttemptId ?? (open.IsOpen ? open.Records[0].AttemptId! : "none");
        using var log = new RunLog(attempt);
        var progress = open.IsOpen ? new ProgressFile(log, attempt) { Since = open.Records[0].At } : new ProgressFile(log, attempt);
        var run = new UpdateRun(device.Ports, progress, links.Open);
        try
        {
            if (open.IsOpen && begin is { Target.Target.Revert: true })
                throw new HostupException(HostupErrors.UpdateRunning, "cannot go back to the OS in the spare slot", $"attempt {open.Records[0].AttemptId} is open on this device", "wait for its end: `hostup-device status`");
            if (open.IsOpen && begin?.Saved is { } other && other.AttemptId != open.Records[0].AttemptId)
                throw new HostupException(HostupErrors.PlanStale, "cannot execute the plan", $"attempt {open.Records[0].AttemptId} is open on this device", "wait for its end, then make a new plan");
            var end = open.IsOpen ? await ResumeAsync(open, run, ct).ConfigureAwait(false)
                : onlyResume ? new RunEnd(RunEndKind.NothingToDo)
                : await StartAsync(device, run, begin!, ct).ConfigureAwait(false);
            log.Line(end.Error is null ? $"ended: {end.Kind}" : $"ended: {end.Kind}: {end.Error.Message} [{end.Error.Code}]");
            log.Keep();
            return ExitCodes.Of(end);
        }
        catch (Exception e) when (MediumFault.IsKnown(e))
        {
            var error = MediumFault.Wrap("cannot go on with the update", e);
            log.Line($"{error.Message} [{error.Code}]");
            log.Keep();
            throw;
        }
    }

    private static Task<RunEnd> StartAsync(ThisDevice device, UpdateRun run, UpdateBeginning begin, CancellationToken ct)
    {
        // What was wanted of an attempt before is not wanted of this one.
        ProgressFile.Reset();
        return begin.StartAsync(device.Ports, run, ct);
    }

    private static async Task<RunEnd> ResumeAsync(AttemptLog open, UpdateRun run, CancellationToken ct)
    {
        // Only the updater that began an attempt goes on with it; any program may take it back.
        return open.Records[0].Updater == ThisProgram.ComputeDigest()
            ? await run.ResumeAsync(ct).ConfigureAwait(false)
            : await run.GiveUpAsync(ct).ConfigureAwait(false);
    }
}
