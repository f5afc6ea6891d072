using System.Globalization;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>
/// Boot files of one slot alone, for loaders that choose a directory by the variable that names the root: <c>per-slot/</c> of a set goes to
/// <c>slot-N</c> of the boot partition, N being the slot's partition number in lower-case hexadecimal, as U-Boot has it. They belong to the slot like
/// its root: what was there is lost when the slot is written, and nothing is taken back.
/// </summary>
internal sealed class SlotBootFiles(IFiles files, int partition)
{
    private readonly string _directory = string.Create(CultureInfo.InvariantCulture, $"{Places.Boot}/slot-{partition:x}");

    /// <summary>Whether the directory holds just these.</summary>
    public bool Holds(string source, IReadOnlyList<string> paths)
    {
        var own = Own(paths);
        return files.ListFiles(_directory).SequenceEqual(own, StringComparer.OrdinalIgnoreCase)
            && own.All(p => files.Length($"{_directory}/{p}") == files.Length(From(source, p)) && files.DigestOf($"{_directory}/{p}") is { } there && there == files.DigestOf(From(source, p)));
    }

    /// <summary>Bytes that they need beside what is there without them; negative when they are smaller than what they replace.</summary>
    public long SpaceNeeded(string source, IReadOnlyList<string> paths) =>
        Own(paths).Sum(p => BootPartition.RoundToCluster(files.Length(From(source, p)) ?? 0))
        - files.ListFiles(_directory).Sum(p => BootPartition.RoundToCluster(files.Length($"{_directory}/{p}") ?? 0));

    /// <summary>Removes what was there.</summary>
    public void Drop() => files.DeleteTogether([.. files.ListFiles(_directory).Select(old => $"{_directory}/{old}")]);

    /// <summary>Writes them, where nothing is. Durable and read back when it returns.</summary>
    /// <exception cref="HostupException"><c>boot-files</c>.</exception>
    public void Write(string source, IReadOnlyList<string> paths)
    {
        foreach (string path in Own(paths))
        {
            string target = $"{_directory}/{path}";
            files.CreateDirectory(Path.GetDirectoryName(target)!);
            files.Copy(From(source, path), target);
            files.Flush(target);
        }
        files.FlushFileSystem(Places.Boot);
        if (Own(paths).FirstOrDefault(p => files.DigestOf($"{_directory}/{p}") is not { } written || written != files.DigestOf(From(source, p))) is { } broken)
            throw new HostupException(HostupErrors.BootFiles, $"cannot write boot file {_directory}/{broken}", "it does not read back as written", "check the boot partition with fsck.vfat");
    }

    private static string[] Own(IReadOnlyList<string> paths) =>
        [.. paths.Where(p => p.StartsWith(WantedBootFiles.PerSlot, StringComparison.Ordinal)).Select(p => p[WantedBootFiles.PerSlot.Length..]).Order(StringComparer.Ordinal)];

    private static string From(string source, string path) => $"{source}/{WantedBootFiles.PerSlot}{path}";
}
