using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// The files of the boot partition. Shared ones are staged whole beside the old ones, flushed and read back; only then are names exchanged,
/// loader configuration last. What the running root's own /resin-boot holds, and copies of what somebody changed, are the way back. Files of
/// one slot alone (per-slot/ of the set) go to the directory of that slot, which nothing reads before the switch.
/// </summary>
/// <param name="files">The device's files.</param>
/// <param name="bootId">The kernel's id of this boot.</param>
public sealed class BootPartition(IFiles files, string bootId)
{
    private const string Copies = Places.Boot + "/hostup-old";

    // Free after staging, as upstream keeps it: FAT needs clusters for directory growth.
    private const long ReserveBytes = 512 << 10;

    private readonly StagedBootFiles _staged = new(files);

    /// <summary>What installing this set asks for, as <see cref="Install"/> copies.</summary>
    /// <param name="source">The set: /resin-boot of a root.</param>
    /// <param name="keptBack">Paths that an update leaves alone.</param>
    /// <param name="fromPartition">Partition number of the root that runs.</param>
    /// <param name="toPartition">Partition number of the root whose set it is.</param>
    public BootFilesNeed Need(string source, IReadOnlySet<string> keptBack, int fromPartition, int toPartition)
    {
        var wanted = new WantedBootFiles(files, source, keptBack);
        var slotFiles = new SlotBootFiles(files, toPartition);
        var changes = Changes(wanted, fromPartition);
        int ofSlot = slotFiles.Holds(source, wanted.Paths) ? 0 : wanted.Paths.Count(p => p.StartsWith(WantedBootFiles.PerSlot, StringComparison.Ordinal));
        int all = changes.Count + ofSlot;
        return new BootFilesNeed(all, all == 0 ? 0 : RequiredBytes(changes, TouchedFiles.By(changes, files, fromPartition: 0)) + slotFiles.SpaceNeeded(source, wanted.Paths));
    }

    /// <summary>The same for a set that is not here yet, from its list in the release manifest.</summary>
    public BootFilesNeed Need(IReadOnlyList<BootFile> set, IReadOnlySet<string> keptBack, int fromPartition, int toPartition) =>
        new BootPartition(new ListedBootFiles(files, set), bootId).Need(ListedBootFiles.Source, keptBack, fromPartition, toPartition);

    /// <summary>Bytes that an interrupted installation left staged; the next one removes them first.</summary>
    public static long StagedBytes(IFiles files) => new StagedBootFiles(files).Names.Sum(name => RoundToCluster(files.LengthOf(name) ?? 0));

    /// <summary>
    /// Brings the set onto the partition. Durable when it returns. Interrupted at any point, the old root still boots. What an interruption left must be taken back before, by
    /// <see cref="Restore"/>: a file that looks as it is wanted may be there under two names.
    /// </summary>
    /// <param name="source">The set: /resin-boot of a root.</param>
    /// <param name="keptBack">Paths that an update leaves alone.</param>
    /// <param name="fromPartition">Partition number of the root that runs.</param>
    /// <param name="toPartition">Partition number of the root whose set it is.</param>
    /// <returns>Paths that somebody had changed and that were replaced.</returns>
    /// <exception cref="HostupException"><c>boot-space</c> or <c>boot-files</c>.</exception>
    public IReadOnlyList<string> Install(string source, IReadOnlySet<string> keptBack, int fromPartition, int toPartition)
    {
        var wanted = new WantedBootFiles(files, source, keptBack);
        FatNames.Check(wanted.Paths, files.ListFiles(Places.Boot));
        var slotFiles = new SlotBootFiles(files, toPartition);
        var changes = Changes(wanted, fromPartition);
        bool slotDiffers = !slotFiles.Holds(source, wanted.Paths);
        if (changes is [] && !slotDiffers)
            return [];
        var touched = TouchedFiles.By(changes, files, fromPartition);
        Require(RequiredBytes(changes, touched) + slotFiles.SpaceNeeded(source, wanted.Paths));
        // From here on the partition may hold what the running root does not know; the next power-on compares.
        touched.Save(files);
        Replace(touched, []);
        if (slotDiffers)
            Write(slotFiles.Drop);
        Write(() =>
        {
            if (slotDiffers)
                slotFiles.Write(source, wanted.Paths);
            KeepCopies(touched);
            BootFileChange[] wantedChanges = [.. changes.Where(c => c.Wanted is not null)];
            _staged.Stage(wantedChanges);
            ChangeNames(touched, () =>
            {
                _staged.Exchange(wantedChanges);
                Remove(changes);
            });
        });
        return [.. touched.Saved.Select(s => s.Path).Where(p => !WantedBootFiles.IsFingerprint(p) && changes.Any(c => c.Path == p && !c.Stays))];
    }

    /// <summary>Brings back what an update replaced and removes what it added. Durable when it returns; idempotent.</summary>
    /// <param name="runningPartition">Partition number of the root that runs: when it is not the one that the update began on, the new set stays.</param>
    /// <param name="keptBack">Paths that an update leaves alone.</param>
    /// <returns>Paths that had to be restored.</returns>
    public IReadOnlyList<string> Restore(int runningPartition, IReadOnlySet<string> keptBack)
    {
        if (TouchedFiles.Load(files) is not { } touched)
            return [];
        if (touched.FromPartition is { } from && from != runningPartition)
        {
            Settle();
            return [];
        }
        MustBeSure(touched);
        var changes = WayBack(touched, keptBack);
        // A partition that cannot be opened for writing was not written either.
        if (changes is [] && !IsAnythingLeft(touched))
        {
            AtomicFile.Delete(files, Places.BootFilesTouched);
            return [];
        }
        Replace(touched, changes);
        Write(() =>
        {
            foreach (string directory in touched.Directories.Reverse())
                files.DeleteDirectory($"{Places.Boot}/{directory}");
            files.DeleteDirectory(StagedBootFiles.Folder);
            files.FlushFileSystem(Places.Boot);
            files.DeleteTogether(CopyNames);
        });
        Write(() =>
        {
            files.DeleteDirectory(Copies);
            files.FlushFileSystem(Places.Boot);
        });
        AtomicFile.Delete(files, Places.BootFilesTouched);
        return [.. changes.Where(c => c.Wanted is not null).Select(c => c.Path)];
    }

    /// <summary>The new set is final: what was kept for the way back is removed. Durable when it returns; idempotent.</summary>
    public void Settle()
    {
        if (TouchedFiles.Load(files) is not { } touched)
            return;
        MustBeSure(touched);
        Replace(touched, []);
        Write(() => files.DeleteTogether(CopyNames));
        Write(() =>
        {
            files.DeleteDirectory(StagedBootFiles.Folder);
            files.DeleteDirectory(Copies);
            BootLeftovers.Remove(files);
        });
        AtomicFile.Delete(files, Places.BootFilesTouched);
    }

    // The running slot's own directory comes first: a boot loader that goes by it may have to come back.
    private List<BootFileChange> Changes(WantedBootFiles wanted, int fromPartition) => [.. new SlotBootFiles(files, fromPartition).Missing(wanted.Paths), .. wanted.Changes()];

    private List<BootFileChange> WayBack(TouchedFiles touched, IReadOnlySet<string> keptBack)
    {
        // An older program did not say what it replaces.
        var own = touched.FromPartition is null
            ? files.ListFiles(Places.OwnBootFiles).Where(p => !keptBack.Contains(p) && !p.StartsWith(WantedBootFiles.PerSlot, StringComparison.Ordinal))
            : touched.Replaced.Where(p => files.Exists($"{Places.OwnBootFiles}/{p}"));
        var changes = own.Select(p => (Path: p, From: $"{Places.OwnBootFiles}/{p}")).Where(o => !files.AreSame($"{Places.Boot}/{o.Path}", o.From))
            .Select(o => new BootFileChange(o.Path, new BootFileContent(files.Length(o.From) ?? 0, DigestOf(o.From), o.From))).ToList();
        foreach (var saved in touched.Saved)
        {
            string copy = $"{Copies}/{saved.Number}", target = $"{Places.Boot}/{saved.Path}";
            // A copy that is not whole was never needed: nothing is replaced before all copies are.
            if ((!files.Has(target) || files.DigestOf(target) != saved.Digest) && files.Has(copy) && files.DigestOf(copy) == saved.Digest)
                changes.Add(new BootFileChange(saved.Path, new BootFileContent(files.LengthOf(copy) ?? 0, saved.Digest, copy)));
        }
        var added = touched.Added.Where(p => files.Has($"{Places.Boot}/{p}") && !changes.Any(c => string.Equals(c.Path, p, StringComparison.OrdinalIgnoreCase)));
        return [.. changes, .. added.Select(p => new BootFileChange(p, null))];
    }

    /// <summary>Makes these changes and removes all that is staged. A file in use that a staged name may show too gets a content of its own before.</summary>
    private void Replace(TouchedFiles touched, IReadOnlyList<BootFileChange> changes)
    {
        var shared = _staged.Shared(touched.Added);
        var others = _staged.OthersThan(shared);
        BootFileChange[] wanted = [.. changes.Where(c => c.Wanted is not null), .. shared.Where(p => !changes.Any(c => IsPath(c, p))).Select(ContentOfItsOwn)];
        // Opened again each time: the kernel makes the file system read-only when it meets what a power cut left of a file.
        Write(() => files.DeleteTogether(others));
        Write(() =>
        {
            _staged.Stage(wanted);
            ChangeNames(touched, () =>
            {
                _staged.Exchange(wanted);
                files.DeleteTogether([.. _staged.Names, .. changes.Where(c => c.Wanted is null).Select(c => $"{Places.Boot}/{c.Path}")]);
            });
        });
    }

    private void KeepCopies(TouchedFiles touched)
    {
        var missing = touched.Saved.Where(s => !files.Exists($"{Copies}/{s.Number}") || files.DigestOf($"{Copies}/{s.Number}") != s.Digest).ToList();
        if (missing is [])
            return;
        files.CreateDirectory(Copies);
        foreach (var saved in missing)
        {
            files.Copy($"{Places.Boot}/{saved.Path}", $"{Copies}/{saved.Number}");
            files.Flush($"{Copies}/{saved.Number}");
        }
        files.FlushFileSystem(Places.Boot);
        foreach (var saved in missing)
            StagedBootFiles.CheckWritten(files, $"{Copies}/{saved.Number}", saved.Digest, saved.Path);
    }

    private void Remove(IReadOnlyList<BootFileChange> changes)
    {
        foreach (var change in changes.Where(c => c.Wanted is null))
        {
            files.Delete($"{Places.Boot}/{change.Path}");
            files.FlushFileSystem(Places.Boot);
        }
    }

    private void MustBeSure(TouchedFiles touched)
    {
        if (touched.UnsureInBoot == bootId)
            throw new HostupException(HostupErrors.BootFiles, "cannot bring the boot files in order in this boot",
                "a name on the boot partition could not be written, so that memory may show another file under it than the medium", "reboot the device: it is done by itself");
    }

    /// <summary>
    /// After a name that the medium did not take, memory shows a file under it that the medium has under none: what would be removed here as the staged one's may be what
    /// the boot loader reads. So nothing more is changed before the next boot, which sees what the medium has.
    /// </summary>
    private void ChangeNames(TouchedFiles touched, Action act)
    {
        try
        {
            act();
        }
        catch (IOException e) when (e is not NoRoomException)
        {
            (touched with { UnsureInBoot = bootId }).Save(files);
            throw;
        }
    }

    private void Write(Action act)
    {
        using (files.OpenForWriting(Places.Boot))
            FullBootPartition.Tell(act);
    }

    private string[] CopyNames => [.. files.Below(Copies).Select(c => $"{Copies}/{c}")];

    private bool IsAnythingLeft(TouchedFiles touched) =>
        _staged.Names is not [] || files.Has(StagedBootFiles.Folder) || files.Has(Copies) || touched.Directories.Any(d => files.Has($"{Places.Boot}/{d}"));

    private BootFileChange ContentOfItsOwn(string path) =>
        new(path, new BootFileContent(files.Length($"{Places.Boot}/{path}") ?? 0, DigestOf($"{Places.Boot}/{path}"), $"{Places.Boot}/{path}"));

    private static bool IsPath(BootFileChange change, string path) => string.Equals(change.Path, path, StringComparison.OrdinalIgnoreCase);

    private void Require(long bytes)
    {
        long free = files.FreeBytes(Places.Boot) + StagedBytes(files);
        if (free < bytes && free + BootLeftovers.Bytes(files) >= bytes)
        {
            Write(() => BootLeftovers.Remove(files));
            free = files.FreeBytes(Places.Boot) + StagedBytes(files);
        }
        if (free < bytes)
            throw new HostupException(HostupErrors.BootSpace, "cannot write the boot files", $"{new ByteCount(bytes)} needed beside the old ones, {new ByteCount(free)} free", FullBootPartition.Remedy);
    }

    private long RequiredBytes(IReadOnlyList<BootFileChange> changes, TouchedFiles touched) =>
        changes.Sum(c => RoundToCluster(c.Wanted?.Length ?? 0))
        + touched.Saved.Where(s => !files.Exists($"{Copies}/{s.Number}")).Sum(s => RoundToCluster(files.Length($"{Places.Boot}/{s.Path}") ?? 0))
        + ReserveBytes;

    /// <summary>FAT16 of 32 to 128 MiB has clusters of at most 4 KiB.</summary>
    internal static long RoundToCluster(long bytes) => (bytes + 4095) / 4096 * 4096;

    private Digest DigestOf(string file) => Digest.FromHash(files.Hash(file, HashAlgorithmName.SHA256));
}
