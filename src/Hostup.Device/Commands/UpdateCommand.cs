using System.CommandLine;
using Hostup.Core.Errors;
using Hostup.Linux.Locks;
using Hostup.Updates.Checks;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;

namespace Hostup.Device.Commands;

/// <summary><c>hostup-device update</c>: one process's work on one attempt.</summary>
internal static class UpdateCommand
{
    public static Command Create()
    {
        var target = new Option<string>("--target") { Description = "Target file that the agent wrote", DefaultValueFactory = _ => TargetFile.TargetPath };
        var envelope = new Option<string>("--release") { Description = "Envelope of the release manifest", DefaultValueFactory = _ => TargetFile.EnvelopePath };
        var resume = new Option<bool>("--resume") { Description = "Only take up an open attempt; start none" };
        var command = new Command("update", "Carry out the update that the server asked for, or go on with an interrupted one\n\nExample: hostup-device update --resume") { target, envelope, resume };
        command.SetAction((parsed, ct) => RunAsync(parsed.GetValue(target)!, parsed.GetValue(envelope)!, parsed.GetValue(resume), ct));
        return command;
    }

    private static async Task<int> RunAsync(string targetPath, string envelopePath, bool onlyResume, CancellationToken ct)
    {
        using var processLock = UpdateLock.Take();
        using var device = new ThisDevice();
        using var links = new SourceLinks();
        var open = new AttemptLog(device.Ports);
        using var log = new RunLog(open.IsOpen ? open.Records[0].AttemptId! : onlyResume ? "none" : TargetFile.Load(targetPath, envelopePath).Target.AttemptId);
        var run = new UpdateRun(device.Ports, new ProgressFile(log), links.Open);
        try
        {
            var end = open.IsOpen ? await ResumeAsync(open, run, ct).ConfigureAwait(false)
                : onlyResume ? new RunEnd(RunEndKind.NothingToDo)
                : await StartAsync(device, run, TargetFile.Load(targetPath, envelopePath), ct).ConfigureAwait(false);
            log.Line(end.Error is null ? $"ended: {end.Kind}" : $"ended: {end.Kind}: {end.Error.Message} [{end.Error.Code}]");
            return ExitCodes.Of(end);
        }
        catch (HostupException e)
        {
            log.Line($"{e.Message} [{e.Code}]");
            throw;
        }
    }

    private static async Task<RunEnd> StartAsync(ThisDevice device, UpdateRun run, TargetFile target, CancellationToken ct)
    {
        var (release, payload) = target.Verify();
        var facts = await DeviceFacts.ReadAsync(device.Ports, ct).ConfigureAwait(false);
        var plan = Planner.Make(facts, release, Digest.Of(payload), target.Target, (ThisProgram.Version, ThisProgram.ComputeDigest()), target.Fetched);
        return await run.StartAsync(plan, payload, ct).ConfigureAwait(false);
    }

    private static async Task<RunEnd> ResumeAsync(AttemptLog open, UpdateRun run, CancellationToken ct)
    {
        // Only the updater that began an attempt goes on with it; any program may take it back.
        return open.Records[0].Updater == ThisProgram.ComputeDigest()
            ? await run.ResumeAsync(ct).ConfigureAwait(false)
            : await run.GiveUpAsync(ct).ConfigureAwait(false);
    }
}
