using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Versions;
using Hostup.Device.Agent;
using Hostup.Updates.Checks;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Trust;

namespace Hostup.Device;

/// <summary>The update that a target file asks for, on the device as it is now: what <c>check</c>, <c>plan</c> and <c>update</c> begin with. Touches nothing.</summary>
internal sealed class UpdateAtHand
{
    private readonly TargetFile _target;
    private readonly UpdateAsked _asked;
    private readonly DeviceFacts _facts;
    private readonly ReleaseFit _fit;
    private readonly LinkRate? _measured;

    private UpdateAtHand(TargetFile target, byte[] payload, UpdateAsked asked, (DeviceFacts Facts, ReleaseFit Fit, LinkRate? Measured) seen)
    {
        (_target, Payload, _asked) = (target, payload, asked);
        (_facts, _fit, _measured) = seen;
        Checks = DeviceChecks.Evaluate(_facts, _fit, asked);
    }

    /// <summary>Payload of the release's envelope; believed when no check says otherwise.</summary>
    public byte[] Payload { get; }

    public string Version => _asked.Release.Version;

    public IReadOnlyList<CheckResult> Checks { get; }

    /// <summary>Looks. A release that is not believed is judged too, so that every other check is told as well.</summary>
    /// <param name="device">The device.</param>
    /// <param name="target">What is asked for.</param>
    /// <param name="sources">Where the image can come from; null: not asked now.</param>
    /// <param name="ct">Ends the questions to the sources.</param>
    public static async Task<UpdateAtHand> LookAsync(ThisDevice device, TargetFile target, IReadOnlyList<IHostAppSource>? sources, CancellationToken ct)
    {
        var (asked, payload) = Read(device, target);
        var facts = await DeviceFacts.ReadAsync(device.Ports, ct).ConfigureAwait(false);
        var fit = await ReleaseFit.ReadAsync(device.Ports, asked.Release, sources, ct).ConfigureAwait(false);
        return new UpdateAtHand(target, payload, asked, (facts, fit, LinkRate.Measured(new AttemptLog(device.Ports).Records)));
    }

    /// <summary>The plan.</summary>
    /// <param name="given">Speed of the link as the operator says; null: as it was measured.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>requires</c>: there is no plan for a release that is not believed; <c>slot-layout</c>, <c>same-slot</c>.</exception>
    public UpdatePlan MakePlan(LinkRate? given) => Planner.Make(_facts, _fit, _asked, new PlanRequest
    {
        AttemptId = _target.Target.AttemptId,
        Manifest = Digest.Of(Payload),
        Updater = ThisProgram.ComputeDigest(),
        UpdaterVersion = ThisProgram.Version,
        FallbackRegistries = _target.Target.FallbackRegistries,
        OverrideLocks = _target.Target.OverrideLocks,
        Policy = _target.Target.Policy,
        Fetched = _target.Fetched,
        Rate = given ?? _measured,
    });

    private static (UpdateAsked Asked, byte[] Payload) Read(ThisDevice device, TargetFile target)
    {
        try
        {
            var (release, payload) = target.Verify(new DeviceTrust(device.Ports.Files), ClockFloor.Freshness(device.Ports.Files, device.Ports.Clock));
            return (Ask(release, target, null), payload);
        }
        catch (HostupException e) when (e.Code.Kind == HostupErrorKind.Refused)
        {
            byte[] payload = Envelope.Parse(target.Envelope).UnverifiedPayload.ToArray();
            return (Ask(ReleaseManifest.Read(payload), target, e), payload);
        }
    }

    private static UpdateAsked Ask(ReleaseManifest release, TargetFile target, HostupException? fault) => new(release, target.Target.Reinstall, ThisProgram.Version)
    {
        TrustFault = fault,
        UpdaterBytesMissing = Missing(target.Target.Updater),
        Policy = target.Target.Policy,
    };

    // Never an older one than this program: the agent does not fetch it either.
    private static long Missing(Core.Wire.UpdaterArtifact? updater) =>
        updater is null || OsVersion.TextOrder.Compare(updater.Version, ThisProgram.Version) < 0 || UpdaterStore.Find(updater.Digest) is not null ? 0 : updater.Size;
}
