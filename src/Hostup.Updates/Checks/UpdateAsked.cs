using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Updates.Plan;

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

    /// <summary>The update that a plan describes. Its release was believed when the plan was made, and the plan names it by digest.</summary>
    public static UpdateAsked By(UpdatePlan plan, ReleaseManifest release) =>
        new(release, plan.Reinstall, plan.UpdaterVersion) { UpdaterBytesMissing = plan.UpdaterBytesMissing, Policy = plan.Policy };
}
