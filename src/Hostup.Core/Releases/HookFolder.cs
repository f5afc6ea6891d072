namespace Hostup.Core.Releases;

/// <summary>When a hook of a release runs.</summary>
public enum HookStage
{
    /// <summary>In the OS that runs, before anything of the new one does.</summary>
    Before,

    /// <summary>In the root of the new OS: what the update needs on this board.</summary>
    Forward,

    /// <summary>In the OS that runs, after those in the new root.</summary>
    After,

    /// <summary>In the root of the new OS, when one of its hooks failed.</summary>
    Cleanup,

    /// <summary>In the new OS, once it is final.</summary>
    Commit,
}

/// <summary>
/// Upstream's folder of update hooks in an image, by the rules of both its versions: a program at the top of it is a forward hook; one in a folder belongs to
/// each stage whose word is somewhere in its path.
/// </summary>
public static class HookFolder
{
    /// <summary>Feature that a release with hooks requires.</summary>
    public const string Feature = "hooks";

    /// <summary>The folder.</summary>
    public const string Place = "/etc/hostapp-update-hooks.d";

    // Stock hooks of upstream whose work is that of steps here: boot files, breadcrumbs, boot settings.
    private static readonly HashSet<string> WorkOfSteps = ["0-bootfiles", "1-bootfiles", "80-rollback", "99-resin-grub", "99-resin-uboot", "99-balena-bootloader"];

    /// <summary>Those of a folder's files that are hooks to run, in ordinal order.</summary>
    /// <param name="paths">Files, relative to the folder.</param>
    public static IReadOnlyList<string> In(IEnumerable<string> paths) =>
        [.. paths.Where(p => !WorkOfSteps.Contains(p[(p.LastIndexOf('/') + 1)..])).Order(StringComparer.Ordinal)];

    /// <summary>Those of one stage, in ordinal order.</summary>
    /// <param name="paths">Files, relative to the folder.</param>
    /// <param name="stage">The stage.</param>
    public static IReadOnlyList<string> In(IEnumerable<string> paths, HookStage stage) => [.. In(paths).Where(p => IsOf(p, stage))];

    private static bool IsOf(string path, HookStage stage) =>
        path.Contains('/', StringComparison.Ordinal) ? path.Contains(WordOf(stage), StringComparison.Ordinal) : stage == HookStage.Forward;

    private static string WordOf(HookStage stage) => stage switch
    {
        HookStage.Before => "before",
        HookStage.Forward => "forward",
        HookStage.After => "after",
        HookStage.Cleanup => "cleanup",
        _ => "commit",
    };
}
