using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>What a repair left at the top of the boot partition, <c>FSCK0000.REC</c> and its like: no OS needs it, so its space counts as free. It goes when that space is needed, else with a commit.</summary>
public static class BootLeftovers
{
    /// <summary>Paths relative to the partition.</summary>
    public static IReadOnlyList<string> Names(IFiles files) => [.. files.ListFiles(Places.Boot).Where(FatNames.IsLeftover)];

    /// <summary>Bytes that its removal frees, in whole clusters.</summary>
    public static long Bytes(IFiles files) => Names(files).Sum(name => BootPartition.RoundToCluster(files.Length($"{Places.Boot}/{name}") ?? 0));

    /// <summary>Removes it. The partition must be open for writing. Durable when it returns; idempotent.</summary>
    public static void Remove(IFiles files)
    {
        foreach (string name in Names(files))
            files.Delete($"{Places.Boot}/{name}");
        files.FlushFileSystem(Places.Boot);
    }
}
