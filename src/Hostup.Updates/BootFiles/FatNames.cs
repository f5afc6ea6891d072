using Hostup.Core.Errors;

namespace Hostup.Updates.BootFiles;

/// <summary>What a FAT file system makes of names: it ignores case and cannot hold every character.</summary>
internal static class FatNames
{
    // Microsoft's FAT specification (fatgen103), long names; '/' separates.
    private const string Forbidden = "\"*:<>?\\|";
    private const int MostBytes = 255;

    /// <summary>Refuses a set of names that FAT cannot hold side by side.</summary>
    /// <exception cref="HostupException"><c>boot-files</c>.</exception>
    public static void Check(IEnumerable<string> paths)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string path in paths)
        {
            if (path.Split('/').FirstOrDefault(IsBad) is { } name)
                throw Refused(path, $"FAT cannot hold the name '{name}'");
            if (!seen.TryAdd(path, path))
                throw Refused(path, $"it differs from {seen[path]} by case only, which FAT ignores");
        }
    }

    /// <summary>Files that repair tools leave behind and no OS needs: FSCK0000.REC of fsck.vfat, lost+found of others.</summary>
    public static bool IsLeftover(string path) =>
        path.StartsWith("lost+found/", StringComparison.OrdinalIgnoreCase)
        || (path.StartsWith("FSCK", StringComparison.OrdinalIgnoreCase) && path.EndsWith(".REC", StringComparison.OrdinalIgnoreCase) && !path.Contains('/', StringComparison.Ordinal));

    private static bool IsBad(string name) => name.Length == 0 || name.Length > MostBytes || name[^1] is '.' or ' ' || name.Any(c => c < ' ' || Forbidden.Contains(c, StringComparison.Ordinal));

    private static HostupException Refused(string path, string why) =>
        new(HostupErrors.BootFiles, $"cannot install boot file {path}", why, "rename it in the release's /resin-boot");
}
