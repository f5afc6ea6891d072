using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Updates.Checks;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;

namespace Hostup.Device;

/// <summary>What an update begins with: the target that the agent wrote, or a plan that was kept.</summary>
/// <param name="Target">What is asked for.</param>
/// <param name="Saved">The plan to execute; null: one is made.</param>
internal sealed record UpdateBeginning(TargetFile Target, UpdatePlan? Saved)
{
    /// <summary>Reads it.</summary>
    /// <param name="targetPath">The agent's file; not read when there is a plan.</param>
    /// <param name="envelopePath">Envelope of the release.</param>
    /// <param name="planPath">The plan; null: none.</param>
    /// <exception cref="HostupException"><c>bad-config</c> when a file is missing or malformed.</exception>
    public static UpdateBeginning Load(string targetPath, string envelopePath, string? planPath)
    {
        if (planPath is null)
            return new UpdateBeginning(TargetFile.Load(targetPath, envelopePath), null);
        var plan = SavedPlan.Parse(Read(planPath), planPath);
        byte[] envelope = Read(envelopePath);
        var target = new DeviceTarget
        {
            AttemptId = plan.AttemptId,
            Version = plan.ToVersion,
            ReleaseEnvelope = Digest.Of(envelope),
            Reinstall = plan.Reinstall,
            OverrideLocks = plan.OverrideLocks,
            FallbackRegistries = plan.FallbackRegistries,
            Policy = plan.Policy,
        };
        return new UpdateBeginning(new TargetFile(target, envelope, plan.FetchedBefore), plan);
    }

    /// <summary>What somebody at the device asks for: the OS of the spare slot.</summary>
    public static UpdateBeginning Revert(bool overrideLocks) => new(new TargetFile(
        new DeviceTarget { AttemptId = Guid.NewGuid().ToString("N"), Version = "", ReleaseEnvelope = Digest.Of([]), Revert = true, OverrideLocks = overrideLocks }, [], []), null);

    /// <summary>Begins the attempt, or refuses it. Nothing is written before the release is believed and a plan that was kept is known to hold.</summary>
    /// <param name="device">The device.</param>
    /// <param name="run">Carries it out.</param>
    /// <param name="ct">Ends the process's work at the next safe point.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>requires</c>, <c>expired</c>, <c>plan-stale</c>, <c>state-space</c> and the codes of a plan.</exception>
    public async Task<RunEnd> StartAsync(DevicePorts device, UpdateRun run, CancellationToken ct)
    {
        var (plan, manifest) = Target.Target.Revert ? await PlanRevertAsync(device, ct).ConfigureAwait(false) : await PlanUpdateAsync(device, ct).ConfigureAwait(false);
        DeviceChecks.RequireStateSpace(device.Files);
        // The journal alone tells the server how the attempt before ended.
        LeftEnds.Leave(device, plan.AttemptId);
        return await run.StartAsync(plan, manifest, Target.Envelope, ct).ConfigureAwait(false);
    }

    private async Task<(UpdatePlan Plan, byte[] Manifest)> PlanUpdateAsync(DevicePorts device, CancellationToken ct)
    {
        // The sources are asked by the run itself, so that their bytes are in its account.
        var update = await UpdateAtHand.LookAsync(device, Target, sources: null, ct).ConfigureAwait(false);
        var plan = update.MakePlan(given: null);
        if (Saved is not null)
            SavedPlan.RequireSame(Saved, plan);
        return (Saved ?? plan, update.Payload);
    }

    private ValueTask<(UpdatePlan Plan, byte[] Manifest)> PlanRevertAsync(DevicePorts device, CancellationToken ct)
    {
        var asked = Target.Target;
        return RevertPlanner.MakeAsync(device, asked.AttemptId, (ThisProgram.ComputeDigest(), ThisProgram.Version), asked.Policy, asked.OverrideLocks, ct);
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            throw new HostupException(HostupErrors.BadConfig, $"cannot read {path}", e.Message, "name the file that `hostup-device plan --out` wrote, and its release with --release", e);
        }
    }
}
