using System.Globalization;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// Boot files of one slot alone, for loaders that choose a directory by the variable that names the root: <c>per-slot/</c> of a set goes to
/// <c>slot-N</c> of the boot partition, N being the slot's partition number in lower-case hexadecimal, as U-Boot has it. They belong to the slot like
/// its root: what was there is lost when the slot is written, and nothing is taken back.
/// </summary>
internal sealed class SlotBootFiles(IFiles files, int partition)
{
    /// <summary>What to do about a release that the running OS is not ready for.</summary>
    public const string Remedy = "update first to a release that brings files of one slot and changes no other boot file: docs/os-builder.md";

    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"slot-{partition:x}");

    private string Directory => $"{Places.Boot}/{_name}";

    /// <summary>Whether a set has files of one slot.</summary>
    public static bool AreIn(IEnumerable<string> paths) => paths.Any(IsOwn);

    /// <summary>
    /// Why a boot loader that comes with this set might find nothing for this slot, whose root runs: nobody can tell by which files a boot loader goes, so without files for it
    /// none that both slots share may change. Null: it finds what the root brings along, or what lies there, or goes by nothing new.
    /// </summary>
    /// <param name="set">The set, as the manifest lists it.</param>
    /// <param name="keptBack">Paths that an update leaves alone.</param>
    /// <param name="areasDiffer">Whether raw areas of the boot loader change too.</param>
    public string? FaultOf(IReadOnlyList<BootFile> set, IReadOnlySet<string> keptBack, bool areasDiffer)
    {
        if (!AreIn(set.Select(f => f.Path)) || AreIn(OfRoot()) || files.Below(Directory) is not [])
            return null;
        string? changed = set.Where(f => !IsOwn(f.Path) && !keptBack.Contains(f.Path) && !IsFingerprint(f.Path) && !FatNames.IsLeftover(f.Path) && !IsOfRoot(f)).Select(f => f.Path).FirstOrDefault();
        changed ??= areasDiffer ? "a raw area" : null;
        return changed is null ? null : $"the release changes {changed}, by which a boot loader may look into {_name}; that holds nothing, and the OS that runs brings nothing for it";
    }

    /// <summary>Files that this slot's root, which runs, brings along for it and that are not there: no boot loader has gone by them yet. Only where a set has such files too.</summary>
    public IEnumerable<BootFileChange> Missing(IReadOnlyList<string> paths) => partition == 0 || !AreIn(paths) ? [] :
        from path in Own(OfRoot())
        where !files.Exists($"{Directory}/{path}")
        let own = From(Places.OwnBootFiles, path)
        select new BootFileChange($"{_name}/{path}", new BootFileContent(files.Length(own) ?? 0, Digest.FromHash(files.Hash(own, HashAlgorithmName.SHA256)), own));

    /// <summary>Whether the directory holds just these.</summary>
    public bool Holds(string source, IReadOnlyList<string> paths)
    {
        var own = Own(paths);
        return files.ListFiles(Directory).SequenceEqual(own, StringComparer.OrdinalIgnoreCase)
            && own.All(p => files.Length($"{Directory}/{p}") == files.Length(From(source, p)) && files.DigestOf($"{Directory}/{p}") is { } there && there == files.DigestOf(From(source, p)));
    }

    /// <summary>Bytes that they need beside what is there without them; negative when they are smaller than what they replace.</summary>
    public long SpaceNeeded(string source, IReadOnlyList<string> paths) =>
        Own(paths).Sum(p => BootPartition.RoundToCluster(files.Length(From(source, p)) ?? 0))
        - files.ListFiles(Directory).Sum(p => BootPartition.RoundToCluster(files.Length($"{Directory}/{p}") ?? 0));

    /// <summary>Removes what was there.</summary>
    public void Drop() => files.DeleteTogether([.. files.ListFiles(Directory).Select(old => $"{Directory}/{old}")]);

    /// <summary>Writes them, where nothing is. Durable and read back when it returns.</summary>
    /// <exception cref="HostupException"><c>boot-files</c>.</exception>
    public void Write(string source, IReadOnlyList<string> paths)
    {
        foreach (string path in Own(paths))
        {
            string target = $"{Directory}/{path}";
            files.CreateDirectory(Path.GetDirectoryName(target)!);
            files.Copy(From(source, path), target);
            files.Flush(target);
        }
        files.FlushFileSystem(Places.Boot);
        if (Own(paths).FirstOrDefault(p => files.DigestOf($"{Directory}/{p}") is not { } written || written != files.DigestOf(From(source, p))) is { } broken)
            throw new HostupException(HostupErrors.BootFiles, $"cannot write boot file {Directory}/{broken}", "it does not read back as written", "check the boot partition with fsck.vfat");
    }

    private static string[] Own(IReadOnlyList<string> paths) =>
        [.. paths.Where(IsOwn).Select(p => p[WantedBootFiles.PerSlot.Length..]).Order(StringComparer.Ordinal)];

    private static bool IsOwn(string path) => path.StartsWith(WantedBootFiles.PerSlot, StringComparison.Ordinal);

    // It is written anew on each device and lists what lies there.
    private static bool IsFingerprint(string path) => path.EndsWith(".fingerprint", StringComparison.Ordinal);

    private List<string> OfRoot() => [.. files.ListFiles(Places.OwnBootFiles).Where(p => !FatNames.IsLeftover(p))];

    private bool IsOfRoot(BootFile file) => files.Length($"{Places.OwnBootFiles}/{file.Path}") == file.Size && files.DigestOf($"{Places.OwnBootFiles}/{file.Path}") is { } own && own == file.Digest;

    private static string From(string source, string path) => $"{source}/{WantedBootFiles.PerSlot}{path}";
}
