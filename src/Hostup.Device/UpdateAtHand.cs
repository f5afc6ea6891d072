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
    private readonly Document _document;
    private readonly DeviceFacts _facts;
    private readonly ReleaseFit? _fit;
    private readonly LinkRate? _measured;

    private UpdateAtHand(TargetFile target, Document document, DeviceFacts facts, ReleaseFit? fit, LinkRate? measured)
    {
        (_target, _document, _facts, _fit, _measured) = (target, document, facts, fit, measured);
        Checks = document.Asked is { } asked ? DeviceChecks.Evaluate(facts, fit!, asked) : DeviceChecks.EvaluateUnread(facts, target.Target.Policy, document.Fault!);
    }

    /// <summary>Payload of the release's envelope; believed when no check says otherwise.</summary>
    public byte[] Payload => _document.Payload;

    public string Version => _document.Asked?.Release.Version ?? _target.Target.Version;

    public IReadOnlyList<CheckResult> Checks { get; }

    /// <summary>Looks. A release that is not believed is judged too, so that every other check is told as well.</summary>
    /// <param name="device">The device.</param>
    /// <param name="target">What is asked for.</param>
    /// <param name="sources">Where the image can come from; null: not asked now.</param>
    /// <param name="ct">Ends the questions to the sources.</param>
    public static async Task<UpdateAtHand> LookAsync(DevicePorts device, TargetFile target, IReadOnlyList<IHostAppSource>? sources, CancellationToken ct)
    {
        var document = Read(device, target);
        var facts = await DeviceFacts.ReadAsync(device, ct).ConfigureAwait(false);
        var fit = document.Asked is { } asked ? await ReleaseFit.ReadAsync(device, asked, sources, ct).ConfigureAwait(false) : null;
        return new UpdateAtHand(target, document, facts, fit, LinkRate.Measured(new AttemptLog(device).Records));
    }

    /// <summary>The plan.</summary>
    /// <param name="given">Speed of the link as the operator says; null: as it was measured.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>requires</c>: there is no plan for a release that is not believed; <c>slot-layout</c>, <c>same-slot</c>.</exception>
    public UpdatePlan MakePlan(LinkRate? given) => Planner.Make(_facts, _fit ?? throw _document.Fault!, _document.Asked!, new PlanRequest
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

    private static Document Read(DevicePorts device, TargetFile target)
    {
        try
        {
            var (release, payload) = SignedRelease.Verify(device, target.Envelope);
            return new Document(Ask(release, target, null), payload, null);
        }
        catch (HostupException e) when (e.Code.Kind == HostupErrorKind.Refused)
        {
            return Unbelieved(target, e);
        }
    }

    // The fault stays what is told: a stranger's document need not hold a release, nor be a document at all.
    private static Document Unbelieved(TargetFile target, HostupException fault)
    {
        try
        {
            byte[] payload = Envelope.Parse(target.Envelope).UnverifiedPayload.ToArray();
            return new Document(Ask(ReleaseManifest.Read(payload), target, fault), payload, fault);
        }
        catch (HostupException)
        {
            return new Document(null, [], fault);
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

    /// <param name="Asked">What is asked for; null: no release can be read.</param>
    /// <param name="Payload">Payload of the envelope; empty when there is none.</param>
    /// <param name="Fault">Why it is not believed; null: it is.</param>
    private sealed record Document(UpdateAsked? Asked, byte[] Payload, HostupException? Fault);
}
