using Hostup.Updates.Files;

namespace Hostup.Lab.Sim;

/// <summary>The root directory of a simulated FAT16 boot partition: it was made with a number of entries and cannot grow.</summary>
internal static class SimRootDirectory
{
    // Microsoft's FAT specification (fatgen103): a long name takes an entry for each 13 letters, and one for its short name.
    private const int LettersOfAnEntry = 13;

    /// <summary>Entries that these paths of files and directories take there.</summary>
    public static int EntriesOf(IEnumerable<string> paths) => paths
        .Where(p => p.StartsWith(Places.Boot + "/", StringComparison.Ordinal)).Select(p => p[(Places.Boot.Length + 1)..].Split('/')[0]).Distinct(StringComparer.OrdinalIgnoreCase)
        .Sum(name => ((name.Length + LettersOfAnEntry - 1) / LettersOfAnEntry) + 1);
}
