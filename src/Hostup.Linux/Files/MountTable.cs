namespace Hostup.Linux.Files;

/// <summary>One line of /proc/self/mountinfo (proc(5)).</summary>
/// <param name="Device">Major and minor number, <c>254:2</c>.</param>
/// <param name="MountPoint">Where it is mounted.</param>
/// <param name="IsReadOnly">Whether nothing can be written through it: this mount is read-only, or its whole file system, as the kernel makes one after an error.</param>
/// <param name="Type">File system type.</param>
/// <param name="Source">What is mounted.</param>
public sealed record Mount(string Device, string MountPoint, bool IsReadOnly, string Type, string Source);

/// <summary>What is mounted where, as this process sees it.</summary>
public static class MountTable
{
    /// <summary>Reads the table, in the order of mounting.</summary>
    public static IReadOnlyList<Mount> Read(string path = "/proc/self/mountinfo") => [.. File.ReadLines(path).Select(Parse)];

    /// <summary>Reads one line.</summary>
    public static Mount Parse(string line)
    {
        string[] fields = line.Split(' ');
        int separator = Array.IndexOf(fields, "-");
        return new Mount(fields[2], Unescape(fields[4]), IsSaid("ro", fields[5]) || IsSaid("ro", fields[separator + 3]), fields[separator + 1], Unescape(fields[separator + 2]));
    }

    private static bool IsSaid(string option, string options) => options.Split(',').Contains(option);

    // Blanks, tabs, newlines and backslashes are written as three octal digits.
    private static string Unescape(string field) => field
        .Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
        .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
