namespace Hostup.Linux.Slots;

/// <summary>Names that lie on a partition: in the partition table, as the kernel shows it, and in its file system, as udev found it.</summary>
/// <param name="udev">udev's database of devices; it may be missing.</param>
internal sealed class PartitionLabels(string udev)
{
    private static readonly string[] Keys = ["PARTNAME=", "E:ID_PART_ENTRY_NAME=", "E:ID_FS_LABEL="];

    /// <summary>Every name of one partition, none twice.</summary>
    /// <param name="directory">Its folder in sysfs.</param>
    /// <param name="device">Major and minor number, <c>8:2</c>.</param>
    public IReadOnlyList<string> Of(string directory, string device) =>
        [.. Lines($"{directory}/uevent").Concat(Lines($"{udev}/b{device}"))
            .Select(line => Keys.FirstOrDefault(k => line.StartsWith(k, StringComparison.Ordinal)) is { } key ? line[key.Length..] : null)
            .OfType<string>().Where(l => l.Length > 0).Distinct(StringComparer.Ordinal)];

    /// <summary>Whether two names are of the same slot.</summary>
    public static bool Same(string label, string slot) => label[^1] == slot[^1];

    private static IEnumerable<string> Lines(string path) => File.Exists(path) ? File.ReadLines(path) : [];
}
