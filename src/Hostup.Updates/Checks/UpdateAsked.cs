using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Plan;
using Hostup.Updates.Run;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Checks;

/// <summary>The update that the checks judge.</summary>
/// <param name="Release">What the device is to become.</param>
/// <param name="Reinstall">The operator asked for the same release again.</param>
/// <param name="UpdaterVersion">Version of the program that carries it out.</param>
public sealed record UpdateAsked(ReleaseManifest Release, bool Reinstall, string UpdaterVersion)
{
    /// <summary>Why the release is not believed (for example <c>signature</c>) or not understood (<c>requires</c>); null: it is.</summary>
    public HostupException? TrustFault { get; init; }

    /// <summary>Bytes of the updater that the server names and that is not here; zero: what is needed is here.</summary>
    public long UpdaterBytesMissing { get; init; }

    /// <summary>How and when it is to be carried out.</summary>
    public UpdatePolicy Policy { get; init; } = new();

    /// <summary>Whether the envelope is not here to be judged again: a program that keeps none began the attempt, and believed the release then.</summary>
    public bool IsEnvelopeGone { get; init; }

    /// <summary>Whether keys that this device trusts signed the release. What a stranger's document says is neither asked for nor tried.</summary>
    public bool IsBelieved => TrustFault is null || TrustFault.Code == HostupErrors.Requires || TrustFault.Code == HostupErrors.Expired;

    /// <summary>The update that a plan describes. Its release was believed when the plan was made; it is judged again, because keys are revoked and time goes by.</summary>
    public static UpdateAsked By(DevicePorts device, UpdatePlan plan, ReleaseManifest release)
    {
        byte[]? envelope = new AttemptFiles(device.Files).LoadEnvelope(plan);
        return new(release, plan.Reinstall, plan.UpdaterVersion)
        {
            TrustFault = envelope is null ? null : SignedRelease.FaultOf(device, envelope, plan.Manifest),
            IsEnvelopeGone = envelope is null,
            UpdaterBytesMissing = plan.UpdaterBytesMissing,
            Policy = plan.Policy,
        };
    }
}
