using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Files;
using Hostup.Updates.Ports;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// The raw areas of the boot loader. What differs from the release is kept as a file on the boot partition, then written copy by copy: of an area with
/// several copies one is whole at any time, so that a power cut finds a loader. The old OS starts with the new loader too.
/// </summary>
/// <param name="files">The device's files.</param>
/// <param name="media">Where the areas lie.</param>
public sealed class BootAreas(IFiles files, IBootMedia media)
{
    private const string Copies = Places.Boot + "/hostup-old";

    /// <summary>Why the areas of a release cannot be written on this device; null: they can.</summary>
    public string? FaultOf(IReadOnlyList<BootArea> areas) => areas
        .SelectMany(a => a.Copies.Select(c => media.FaultOf(c.Medium, c.OffsetBytes, a.Size) is { } fault ? $"{a.Name} at {c}: {fault}" : null))
        .FirstOrDefault(f => f is not null);

    /// <summary>What writing them asks of the boot partition: room for what is there now. No area may be faulty.</summary>
    public BootFilesNeed Need(IReadOnlyList<BootArea> areas)
    {
        var differing = Differing(areas).ToList();
        var kept = TouchedFiles.Load(files)?.Areas ?? [];
        return new BootFilesNeed(differing.Count, differing.Where(d => !kept.Any(k => k.Copy == d.Copy)).Sum(d => BootPartition.RoundToCluster(d.Area.Size)));
    }

    /// <summary>Brings them onto the device. Durable and read back when it returns.</summary>
    /// <param name="root">Where the release's root is mounted.</param>
    /// <param name="areas">The release's areas.</param>
    /// <param name="fromPartition">Partition number of the root that runs.</param>
    /// <returns>Names of those that were written.</returns>
    /// <exception cref="HostupException"><c>boot-space</c> or <c>boot-files</c>.</exception>
    public IReadOnlyList<string> Install(string root, IReadOnlyList<BootArea> areas, int fromPartition)
    {
        var differing = Differing(areas).ToList();
        if (differing is [])
            return [];
        foreach (var area in differing.Select(d => d.Area).Distinct())
            RequireSource(area, root);
        using (files.OpenForWriting(Places.Boot))
            Keep(differing, fromPartition);
        // The copies that the running root's own file vouches for are written last: until then the board has one that is whole.
        foreach (var (area, copy) in differing.OrderBy(d => IsVouchedFor(d.Area, d.Copy)).ThenByDescending(d => d.Area.Copies.ToList().IndexOf(d.Copy)))
            Write($"{root}{area.Path}", area.Digest, area.Size, copy, area.Name);
        return [.. differing.Select(d => d.Area.Name).Distinct()];
    }

    /// <summary>
    /// Brings back what an update wrote: from the copies, and where one of them is not whole, from the running root's own file, when that is what lay there. Durable and read
    /// back when it returns; idempotent. The boot files' own way back ends it.
    /// </summary>
    /// <param name="runningPartition">Partition number of the root that runs: when it is not the one that the update began on, the new areas stay.</param>
    public RestoredAreas Restore(int runningPartition)
    {
        if (TouchedFiles.Load(files) is not { Areas: not [] } touched || touched.FromPartition != runningPartition)
            return new RestoredAreas([], null);
        var changed = touched.Areas.Select(a => (Area: a, Now: media.Hash(a.Copy.Medium, a.Copy.OffsetBytes, a.Length)))
            .Where(c => c.Now != c.Area.Digest).Select(c => (c.Area, c.Now, From: WayBack(c.Area))).Where(c => c.From is null || !Holds(c.Area.Copy, c.From)).ToList();
        // What is neither old nor new starts nothing: it is mended before one that does start is written over.
        foreach (var (area, _, from) in changed.Where(c => c.From is not null).OrderBy(c => c.Now == c.Area.Wanted).ThenByDescending(c => c.Area.Number))
            Write(from!, DigestOf(from!), files.Length(from!) ?? 0, area.Copy, "as it was");
        var lost = changed.Where(c => c.From is null).Select(c => Lost(c.Area, c.Now)).ToList();
        return new RestoredAreas([.. changed.Where(c => c.From is not null).Select(c => c.Area.Copy.ToString())], lost is [] ? null : string.Join("; ", lost));
    }

    private string? WayBack(TouchedArea area) =>
        IsWhole(area) ? Kept(area.Number)
        : area.OwnFile is { } own && files.Length(own) is > 0 and var length && media.FaultOf(area.Copy.Medium, area.Copy.OffsetBytes, length) is null ? own
        : null;

    private bool Holds(BootAreaCopy copy, string file) => media.Hash(copy.Medium, copy.OffsetBytes, files.Length(file) ?? 0) == DigestOf(file);

    private static string Lost(TouchedArea area, Digest now) =>
        $"raw area {area.Copy} is not as it was: its copy is damaged and the running OS has no file of it; "
        + (now == area.Wanted ? "it holds the new boot loader, which starts this OS too" : "it holds neither boot loader, write the board's own there before the power goes");

    private IEnumerable<(BootArea Area, BootAreaCopy Copy)> Differing(IReadOnlyList<BootArea> areas) =>
        from area in areas
        from copy in area.Copies
        where media.Hash(copy.Medium, copy.OffsetBytes, area.Size) != area.Digest
        select (area, copy);

    // Never twice: what an interrupted try has written is not what was there.
    private void Keep(List<(BootArea Area, BootAreaCopy Copy)> differing, int fromPartition)
    {
        var before = TouchedFiles.Load(files) ?? new TouchedFiles();
        var kept = before.Areas.ToList();
        var missing = differing.Where(d => !kept.Any(k => k.Copy == d.Copy)).ToList();
        if (missing is [])
            return;
        Require(missing.Sum(d => BootPartition.RoundToCluster(d.Area.Size)));
        // From here on there is something to tidy up, also when the release changes no boot file.
        before = before with { FromPartition = fromPartition };
        before.Save(files);
        FullBootPartition.Tell(() =>
        {
            files.CreateDirectory(Copies);
            foreach (var (area, copy) in missing)
            {
                int number = kept.Count;
                var digest = media.Hash(copy.Medium, copy.OffsetBytes, area.Size);
                media.CopyTo(copy.Medium, copy.OffsetBytes, area.Size, Kept(number));
                files.Flush(Kept(number));
                kept.Add(new TouchedArea(number, digest, area.Digest, area.Size, copy) { OwnFile = IsVouchedFor(area, copy) ? area.Path : null });
            }
            files.FlushFileSystem(Places.Boot);
        });
        if (kept.Find(k => !IsWhole(k)) is { } broken)
            throw new HostupException(HostupErrors.BootFiles, $"cannot keep raw area {broken.Copy}", "its copy does not read back as written", "check the boot partition with fsck.vfat");
        (before with { Areas = kept }).Save(files);
    }

    private void Write(string file, Digest digest, long length, BootAreaCopy copy, string what)
    {
        media.CopyFrom(file, copy.Medium, copy.OffsetBytes);
        media.Flush(copy.Medium);
        if (media.Hash(copy.Medium, copy.OffsetBytes, length) != digest)
            throw new HostupException(HostupErrors.BootFiles, $"cannot write raw area {copy} ({what})", "it does not read back as written", "check the storage of the device");
    }

    private void RequireSource(BootArea area, string root)
    {
        string file = $"{root}{area.Path}";
        if (files.Length(file) != area.Size || DigestOf(file) != area.Digest)
            throw new HostupException(HostupErrors.BootFiles, $"cannot write raw area {area.Name}", $"{area.Path} of the release is not what its manifest says", "sign the release again");
    }

    private void Require(long bytes)
    {
        if (files.FreeBytes(Places.Boot) < bytes && BootLeftovers.Names(files) is not [])
            BootLeftovers.Remove(files);
        long free = files.FreeBytes(Places.Boot);
        if (free < bytes)
            throw new HostupException(HostupErrors.BootSpace, "cannot write the boot loader", $"{new ByteCount(bytes)} needed to keep the old one, {new ByteCount(free)} free", FullBootPartition.Remedy);
    }

    private bool IsVouchedFor(BootArea area, BootAreaCopy copy) =>
        files.Length(area.Path) is > 0 and var own && media.FaultOf(copy.Medium, copy.OffsetBytes, own) is null && Holds(copy, area.Path);

    private bool IsWhole(TouchedArea area) => files.LengthOf(Kept(area.Number)) == area.Length && DigestOf(Kept(area.Number)) == area.Digest;

    private Digest DigestOf(string file) => Digest.FromHash(files.Hash(file, HashAlgorithmName.SHA256));

    private static string Kept(int number) => FormattableString.Invariant($"{Copies}/area-{number}");
}
