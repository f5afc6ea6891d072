using System.Text.RegularExpressions;
using Hostup.Core.Errors;

namespace Hostup.Updates.BootFiles;

/// <summary>What a FAT file system makes of names: it ignores case and cannot hold every character.</summary>
internal static partial class FatNames
{
    // Microsoft's FAT specification (fatgen103), long names; '/' separates.
    private const string Forbidden = "\"*:<>?\\|";
    private const int MostBytes = 255;

    /// <summary>Refuses a set of names that FAT cannot hold side by side, or that would open another file that is there.</summary>
    /// <param name="paths">The set.</param>
    /// <param name="present">Files that the partition holds.</param>
    /// <exception cref="HostupException"><c>boot-names</c>.</exception>
    public static void Check(IEnumerable<string> paths, IReadOnlyList<string> present)
    {
        if (FaultOf(paths, present) is { } fault)
            throw new HostupException(HostupErrors.BootNames, "cannot install the boot files", fault, Remedy);
    }

    /// <summary>What to do about a fault.</summary>
    public const string Remedy = "rename it in the release's /resin-boot";

    /// <summary>The first name of a set that FAT cannot hold beside the others, or that would open another file that is there, and why; null: there is none.</summary>
    /// <param name="paths">The set.</param>
    /// <param name="present">Files that the partition holds.</param>
    public static string? FaultOf(IEnumerable<string> paths, IReadOnlyList<string> present)
    {
        var seen = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string path in paths)
        {
            if (path.Split('/').FirstOrDefault(IsBad) is { } name)
                return $"{path}: FAT cannot hold the name '{name}'";
            if (!seen.TryAdd(path, path))
                return $"{path}: it differs from {seen[path]} by case only, which FAT ignores";
        }
        return (from path in seen.Values
                where Alias().IsMatch(Path.GetFileName(path))
                from other in seen.Values.Concat(present)
                where MayBeAliasOf(path, other)
                select $"{path}: FAT may give that name to {other} as its short one").FirstOrDefault();
    }

    /// <summary>Files that repair tools leave behind and no OS needs: FSCK0000.REC of fsck.vfat, lost+found of others.</summary>
    public static bool IsLeftover(string path) =>
        path.StartsWith("lost+found/", StringComparison.OrdinalIgnoreCase)
        || (path.StartsWith("FSCK", StringComparison.OrdinalIgnoreCase) && path.EndsWith(".REC", StringComparison.OrdinalIgnoreCase) && !path.Contains('/', StringComparison.Ordinal));

    // Of a longer name FAT makes a short one of up to six of its letters, a tilde and a number; where many are alike, of two letters and a checksum.
    private static bool MayBeAliasOf(string path, string other)
    {
        if (path == other || !string.Equals(Path.GetDirectoryName(path), Path.GetDirectoryName(other), StringComparison.OrdinalIgnoreCase))
            return false;
        string letters = string.Concat(Path.GetFileNameWithoutExtension(other).Where(c => c is not (' ' or '.')));
        string extension = Path.GetExtension(other);
        bool isShort = letters.Length <= 8 && extension.Length <= 4 && letters == Path.GetFileNameWithoutExtension(other) && !letters.Any(c => "+,;=[]".Contains(c, StringComparison.Ordinal));
        return !isShort && Path.GetFileName(path).StartsWith(letters[..Math.Min(2, letters.Length)], StringComparison.OrdinalIgnoreCase)
            && Path.GetExtension(path).Equals(extension[..Math.Min(4, extension.Length)], StringComparison.OrdinalIgnoreCase);
    }

    [GeneratedRegex(@"^[^.]{1,6}~[1-9]\d*(\.[^.]{1,3})?$")]
    private static partial Regex Alias();

    private static bool IsBad(string name) => name.Length == 0 || name.Length > MostBytes || name[^1] is '.' or ' ' || name.Any(c => c < ' ' || Forbidden.Contains(c, StringComparison.Ordinal));
}
