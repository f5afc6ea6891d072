using System.Text;
using Hostup.Updates.Files;

namespace Hostup.Updates.Rollback;

/// <summary>The files on the state partition that arm the rollback programs, as upstream names them.</summary>
public static class Breadcrumbs
{
    /// <summary>Whether a trial is armed.</summary>
    public static bool Lie(IFiles files) => files.Exists(Places.AltbootBreadcrumb) || files.Exists(Places.HealthBreadcrumb);

    /// <summary>Arms both programs anew: earlier results and counts are gone. Durable when it returns.</summary>
    /// <param name="files">The device's files.</param>
    /// <param name="healthy">Names of the checks that the old OS passes.</param>
    public static void Drop(IFiles files, IReadOnlyList<string> healthy)
    {
        string[] results = [Places.AltbootTriggered, Places.HealthTriggered, Places.HealthFailed, Places.RollbackCause, Places.KernelMessages];
        foreach (string result in results)
            files.Delete(result);
        AtomicFile.Write(files, Places.HealthVariables, Encoding.UTF8.GetBytes(string.Join('\n', healthy)));
        TrialBoots.Reset(files);
        AtomicFile.Write(files, Places.AltbootBreadcrumb, []);
        AtomicFile.Write(files, Places.HealthBreadcrumb, []);
        files.FlushFileSystem(Places.State);
    }

    /// <summary>What was healthy on the old OS.</summary>
    public static IReadOnlySet<string> Healthy(IFiles files) => files.Exists(Places.HealthVariables)
        ? Encoding.UTF8.GetString(files.Read(Places.HealthVariables)).Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet()
        : new HashSet<string>();

    /// <summary>The verdict is there: disarms both programs, the breadcrumb of health last. Durable when it returns; idempotent.</summary>
    public static void PickUp(IFiles files)
    {
        foreach (string path in new[] { Places.HealthVariables, Places.TrialBoots, Places.TrialBootsSettled, Places.AltbootBreadcrumb, Places.HealthBreadcrumb })
            files.Delete(path);
        files.FlushDirectory(Places.State);
        files.FlushFileSystem(Places.State);
    }
}
