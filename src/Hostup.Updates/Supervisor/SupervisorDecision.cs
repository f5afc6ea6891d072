using Hostup.Core.Releases;
using Hostup.Core.Versions;

namespace Hostup.Updates.Supervisor;

/// <summary>Whether an update of the OS brings another supervisor.</summary>
public static class SupervisorDecision
{
    /// <summary>A release brings its supervisor when it is newer than the one that runs. An older or equal one changes nothing, as upstream has it.</summary>
    /// <param name="current">Version in supervisor.conf, with or without a leading v.</param>
    /// <param name="release">The supervisor of the release; null: it names none.</param>
    public static bool Brings(string current, ReleaseSupervisor? release) =>
        release is { Image: not null } && OsVersion.TextOrder.Compare(Plain(release.Version), Plain(current)) > 0;

    private static string Plain(string version) => version.TrimStart('v');
}
