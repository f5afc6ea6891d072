using System.Globalization;

namespace Hostup.Device;

/// <summary>The files that hold the logs of attempts, one for each process, on the data partition and in memory. Their names say in which order they were begun.</summary>
internal static class LogFiles
{
    public const string Data = "/mnt/data";

    /// <summary>Where the log lies when the data partition is full or not there, until the agent has sent it.</summary>
    public const string Memory = "/run/hostup/log";

    private const string Begin = "hostup-update.";
    private const string End = ".log";
    private const string TimeForm = "yyyyMMdd_HHmmss";

    /// <summary>An attempt that is taken up again and again leaves many small ones.</summary>
    private const int MostFiles = 100;

    public static string FolderOn(string data) => data + "/balenahup";

    /// <summary>All that can be listed, in the order in which they were begun.</summary>
    public static IReadOnlyList<string> List(string data, string memory) =>
        [.. new[] { FolderOn(data), memory }.SelectMany(In).OrderBy(f => Path.GetFileName(f), StringComparer.Ordinal)];

    /// <summary>A name after all others, also when the clock is earlier than in the boot before.</summary>
    public static string NextName(string data, string memory, TimeProvider time)
    {
        var now = time.GetUtcNow().UtcDateTime;
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        var newest = List(data, memory).Select(TimeOf).DefaultIfEmpty().Max();
        // After the last second that a name can say no other follows.
        var next = newest >= now && newest <= DateTime.MaxValue.AddSeconds(-1) ? newest.AddSeconds(1) : now;
        return Begin + next.ToString(TimeForm, CultureInfo.InvariantCulture) + End;
    }

    /// <summary>Makes room in a folder: the oldest logs go, the newest one never.</summary>
    /// <param name="folder">The folder; made when it is not there.</param>
    /// <param name="most">Bytes that are kept.</param>
    public static void Rotate(string folder, long most)
    {
        Directory.CreateDirectory(folder);
        long kept = 0;
        int files = 0;
        foreach (var old in new DirectoryInfo(folder).EnumerateFiles(Begin + "*" + End).OrderByDescending(f => f.Name, StringComparer.Ordinal))
        {
            kept += old.Length;
            if (++files > 1 && (kept > most || files >= MostFiles))
                old.Delete();
        }
    }

    private static IReadOnlyList<string> In(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetFiles(folder, Begin + "*" + End) : [];
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return []; // what is in the other one is worth as much
        }
    }

    private static DateTime TimeOf(string log) =>
        DateTime.TryParseExact(Path.GetFileName(log)[Begin.Length..^End.Length], TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : default;
}
