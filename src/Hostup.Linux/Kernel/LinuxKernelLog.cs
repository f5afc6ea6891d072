using System.Globalization;
using System.Text.RegularExpressions;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Kernel;

/// <summary>
/// pstore: <c>dmesg-*</c> in its file system, or where systemd moved it to in this boot. A log that firmware keeps in parts begins each with a line that numbers it, the end of the log as part 1.
/// </summary>
/// <param name="root">Put before the folders; empty on a device, a folder in tests.</param>
public sealed partial class LinuxKernelLog(string root = "") : IKernelLog
{
    private const string Pattern = "dmesg-*";
    // A part of a log has some KiB; ramoops' are as large as the board's maker said.
    private const int MostBytes = 64 << 10;
    private static readonly string[] Folders = ["/sys/fs/pstore", "/var/lib/systemd/pstore"];

    /// <inheritdoc/>
    public IReadOnlyList<string> Records
    {
        get
        {
            try
            {
                return [.. Folders.Select(f => root + f).Where(Directory.Exists).SelectMany(f => Directory.EnumerateFiles(f, Pattern, SearchOption.AllDirectories))
                    .Where(f => !f.EndsWith(".enc.z", StringComparison.Ordinal)).OrderByDescending(PartOf).ThenBy(f => f, StringComparer.Ordinal)];
            }
            catch (UnauthorizedAccessException e)
            {
                throw new IOException(e.Message, e);
            }
        }
    }

    /// <inheritdoc/>
    public string Read(string record)
    {
        try
        {
            using var file = new StreamReader(record);
            char[] text = new char[MostBytes];
            int length = file.ReadBlock(text);
            return new string(text, 0, length).Replace('\0', ' ');
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Remove(string record)
    {
        try
        {
            File.Delete(record);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }

    // "Panic#1 Part3", "Oops#2 Part1"
    private int PartOf(string record)
    {
        string text = Read(record);
        return Numbered().Match(text.Split('\n')[0]) is { Success: true } part ? int.Parse(part.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture) : 0;
    }

    [GeneratedRegex(@"#\d+ Part(\d{1,4})\b")]
    private static partial Regex Numbered();
}
