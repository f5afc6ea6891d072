using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Checks;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;

namespace Hostup.Lab.Sim;

/// <summary>What the server asks of a simulated device, and what the device makes of it.</summary>
public sealed record SimTarget(ReleaseManifest Release, bool Reinstall)
{
    /// <summary>The attempt; an update is asked for once.</summary>
    public string AttemptId { get; init; } = "0123456789abcdef0123456789abcdef";

    public string UpdaterVersion { get; init; } = "9.9.9";

    public long UpdaterBytesMissing { get; init; }

    public bool OverrideLocks { get; init; }

    /// <summary>The operator wants the OS of the spare slot back.</summary>
    public bool Revert { get; init; }

    public HostupException? TrustFault { get; init; }

    public IReadOnlyList<string> FallbackRegistries { get; init; } = [];

    public IReadOnlyList<CauseBytes> Fetched { get; init; } = [];

    public LinkRate? Rate { get; init; }

    /// <summary>The signed payload.</summary>
    public byte[] Payload => Release.ToJson();

    /// <summary>The envelope that it came in; empty: none is kept, as by older programs.</summary>
    public byte[] Envelope { get; init; } = [];

    /// <summary>How and when it may be carried out.</summary>
    public UpdatePolicy Policy { get; init; } = new();

    private UpdateAsked Asked => new(Release, Reinstall, UpdaterVersion) { TrustFault = TrustFault, UpdaterBytesMissing = UpdaterBytesMissing, Policy = Policy };

    /// <summary>Every check, as <c>hostup-device check</c> runs them.</summary>
    public async ValueTask<IReadOnlyList<CheckResult>> CheckAsync(SimDevice device)
    {
        var (facts, fit) = await LookAsync(device);
        return DeviceChecks.Evaluate(facts, fit, Asked);
    }

    /// <summary>The plan, as <c>hostup-device plan</c> makes it.</summary>
    public async ValueTask<UpdatePlan> PlanAsync(SimDevice device)
    {
        var (facts, fit) = await LookAsync(device);
        return Planner.Make(facts, fit, Asked, new PlanRequest
        {
            AttemptId = AttemptId,
            Manifest = Digest.Of(Payload),
            Updater = Digest.Of("updater"u8),
            UpdaterVersion = UpdaterVersion,
            FallbackRegistries = FallbackRegistries,
            OverrideLocks = OverrideLocks,
            Policy = Policy,
            Fetched = Fetched,
            Rate = Rate,
        });
    }

    /// <summary>Begins the attempt, as the update process does.</summary>
    public async ValueTask<RunEnd> StartAsync(SimDevice device, UpdateRun run)
    {
        if (!Revert)
            return await run.StartAsync(device.SavedPlan ?? await PlanAsync(device), Payload, Envelope, CancellationToken.None);
        var (plan, manifest) = await RevertPlanner.MakeAsync(device.Device, AttemptId, (Digest.Of("updater"u8), UpdaterVersion), Policy, OverrideLocks, CancellationToken.None);
        return await run.StartAsync(plan, manifest, ReadOnlyMemory<byte>.Empty, CancellationToken.None);
    }

    private async ValueTask<(DeviceFacts Facts, ReleaseFit Fit)> LookAsync(SimDevice device) =>
        (await DeviceFacts.ReadAsync(device.Device, CancellationToken.None), await ReleaseFit.ReadAsync(device.Device, Asked, device.Sources, CancellationToken.None));
}
