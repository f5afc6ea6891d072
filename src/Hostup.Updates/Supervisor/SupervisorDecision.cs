using Hostup.Core.Releases;
using Hostup.Core.Versions;

namespace Hostup.Updates.Supervisor;

/// <summary>Whether an update of the OS brings another supervisor: upstream's decision between the current, the scheduled and the target version.</summary>
public static class SupervisorDecision
{
    /// <summary>A release brings its supervisor when it is newer than the one that runs. An older or equal one changes nothing.</summary>
    /// <param name="current">Version that runs, with or without a leading v.</param>
    /// <param name="release">The supervisor of the release; null: it names none.</param>
    public static bool Brings(string current, ReleaseSupervisor? release) => release is { Image: not null } && IsNewer(release.Version, current);

    /// <summary>A scheduled supervisor, which an earlier release named and which could not be fetched yet, stays scheduled only when this release's is older.</summary>
    /// <param name="current">Version that runs.</param>
    /// <param name="scheduled">Version that is still to come.</param>
    /// <param name="release">The supervisor of the release; null: it names none.</param>
    public static bool Keeps(string current, string scheduled, ReleaseSupervisor? release) => IsNewer(scheduled, Brings(current, release) ? release!.Version : current);

    /// <summary>Whether one version of the supervisor is newer than another one.</summary>
    public static bool IsNewer(string version, string than) => OsVersion.TextOrder.Compare(Plain(version), Plain(than)) > 0;

    private static string Plain(string version) => version.TrimStart('v');
}
