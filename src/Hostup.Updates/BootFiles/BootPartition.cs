using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// The files of the boot partition, shared by both slots. A new set is staged whole beside the old one, flushed and read back; only then are
/// names exchanged, loader configuration last. What the running root's own /resin-boot holds is the way back.
/// </summary>
public sealed class BootPartition(IFiles files)
{
    private const string Staging = Places.Boot + "/hostup-new";

    // Free after staging, as upstream keeps it: FAT needs clusters for directory growth.
    private const long ReserveBytes = 512 << 10;

    /// <summary>Files of a release's set that differ from the boot partition, kept-back ones left out.</summary>
    public IReadOnlyList<BootFile> Differences(IReadOnlyList<BootFile> set, IReadOnlySet<string> keptBack) =>
        [.. set.Where(f => !keptBack.Contains(f.Path) && !Holds(f))];

    /// <summary>Bytes that installing these files needs beside what is there, as <see cref="Install"/> copies: all are staged before the first is exchanged.</summary>
    public static long SpaceNeeded(IReadOnlyList<BootFile> changes) => RequiredBytes(changes.Select(c => c.Size));

    /// <summary>Bytes that an interrupted install left staged; the next one removes them first.</summary>
    public static long StagedBytes(IFiles files) => files.ListFiles(Staging).Sum(name => RoundToCluster(files.Length($"{Staging}/{name}") ?? 0));

    /// <summary>Brings the set onto the partition. Durable when it returns. Interrupted at any point, the old root still boots.</summary>
    /// <exception cref="HostupException"><c>boot-space</c> or <c>boot-files</c>.</exception>
    public void Install(string source, IReadOnlySet<string> keptBack)
    {
        var changes = Changes(source, keptBack);
        if (changes is [])
            return;
        // From here on the partition may hold what the running root does not know; the next power-on compares.
        var added = changes.Where(c => !files.Exists($"{Places.Boot}/{c.Path}")).Select(c => c.Path);
        AtomicFile.Write(files, Places.BootFilesTouched, Encoding.UTF8.GetBytes(string.Join('\n', Added().Union(added))));
        using (files.OpenForWriting(Places.Boot))
        {
            DropStaging();
            Require(RequiredBytes(changes.Select(c => c.Content.LongLength)));
            Stage(changes);
            Replace(changes);
        }
    }

    /// <summary>Brings the running root's own set back and removes what a newer set added. Durable when it returns; idempotent.</summary>
    /// <returns>Paths that had to be restored.</returns>
    public IReadOnlyList<string> Restore(IReadOnlySet<string> keptBack)
    {
        if (!files.Exists(Places.BootFilesTouched))
            return [];
        var changes = Changes(Places.OwnBootFiles, keptBack);
        var own = files.ListFiles(Places.OwnBootFiles).ToHashSet(StringComparer.OrdinalIgnoreCase);
        using (files.OpenForWriting(Places.Boot))
        {
            DropStaging();
            Stage(changes);
            Replace(changes);
            foreach (string added in Added().Where(a => !own.Contains(a)))
                files.Delete($"{Places.Boot}/{added}");
            DropStaging();
            files.FlushFileSystem(Places.Boot);
        }
        AtomicFile.Delete(files, Places.BootFilesTouched);
        return [.. changes.Select(c => c.Path)];
    }

    /// <summary>The new set is final: what was kept for the way back is removed. Durable when it returns; idempotent.</summary>
    public void Settle()
    {
        if (!files.Exists(Places.BootFilesTouched))
            return;
        using (files.OpenForWriting(Places.Boot))
        {
            DropStaging();
            files.FlushFileSystem(Places.Boot);
        }
        AtomicFile.Delete(files, Places.BootFilesTouched);
    }

    private bool Holds(BootFile file) =>
        files.Length($"{Places.Boot}/{file.Path}") == file.Size && Digest.Of(files.Read($"{Places.Boot}/{file.Path}")) == file.Digest;

    private List<Change> Changes(string source, IReadOnlySet<string> keptBack)
    {
        var changes = new List<Change>();
        foreach (string path in files.ListFiles(source).Where(p => !keptBack.Contains(p)))
        {
            byte[] wanted = files.Read($"{source}/{path}");
            string target = $"{Places.Boot}/{path}";
            if (files.Length(target) != wanted.LongLength || !files.Read(target).AsSpan().SequenceEqual(wanted))
                changes.Add(new Change(path, wanted));
        }
        return [.. changes.OrderBy(c => IsLoaderConfiguration(c.Path)).ThenBy(c => c.Path, StringComparer.Ordinal)];
    }

    private void Stage(List<Change> changes)
    {
        if (changes is [])
            return;
        files.CreateDirectory(Staging);
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
        {
            files.Create(StagedName(index), change.Content);
            files.Flush(StagedName(index));
        }
        files.FlushFileSystem(Places.Boot);
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
        {
            if (!files.Read(StagedName(index)).AsSpan().SequenceEqual(change.Content))
                throw new HostupException(HostupErrors.BootFiles, $"cannot stage boot file {change.Path}", "it does not read back as written", "check the boot partition with fsck.vfat");
        }
    }

    private void Replace(List<Change> changes)
    {
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
        {
            string target = $"{Places.Boot}/{change.Path}";
            files.CreateDirectory(Path.GetDirectoryName(target)!);
            if (!files.Exists(target) || !files.Exchange(StagedName(index), target))
                files.Rename(StagedName(index), target);
            // FAT has no journal: each name is settled before the next one moves.
            files.FlushFileSystem(Places.Boot);
        }
    }

    private void DropStaging()
    {
        foreach (string leftover in files.ListFiles(Staging))
            files.Delete($"{Staging}/{leftover}");
        files.DeleteDirectory(Staging);
    }

    private IReadOnlyList<string> Added() => files.Exists(Places.BootFilesTouched)
        ? Encoding.UTF8.GetString(files.Read(Places.BootFilesTouched)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        : [];

    private void Require(long bytes)
    {
        long free = files.FreeBytes(Places.Boot);
        if (free < bytes)
            throw new HostupException(HostupErrors.BootSpace, "cannot write the boot files", $"{new ByteCount(bytes)} needed beside the old ones, {new ByteCount(free)} free", "remove files from the boot partition that are not the OS's");
    }

    private static long RequiredBytes(IEnumerable<long> sizes) => sizes.Sum(RoundToCluster) + ReserveBytes;

    // FAT16 of 32 to 128 MiB has clusters of at most 4 KiB.
    private static long RoundToCluster(long bytes) => (bytes + 4095) / 4096 * 4096;

    private static bool IsLoaderConfiguration(string path) =>
        path.EndsWith("grub.cfg", StringComparison.OrdinalIgnoreCase) || path.EndsWith("extlinux.conf", StringComparison.OrdinalIgnoreCase) || path.EndsWith("boot.scr", StringComparison.OrdinalIgnoreCase);

    private static string StagedName(int index) => $"{Staging}/{index}";

    private sealed record Change(string Path, byte[] Content);
}
