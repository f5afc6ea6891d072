using System.Globalization;

namespace Hostup.Device;

/// <summary>Log of one process's work on an attempt: to the journal by standard error, and to a file on the data partition. Never blocks, never fails.</summary>
internal sealed class RunLog : IDisposable
{
    public const string Data = "/mnt/data";
    private const string Names = "hostup-update.*.log";
    private const string Begin = "attempt ";

    /// <summary>What all logs together may take: some twenty attempts.</summary>
    private const long MostBytes = 1 << 20;

    private readonly StreamWriter? _file;

    /// <param name="attemptId">The attempt.</param>
    /// <param name="data">The data partition.</param>
    public RunLog(string attemptId, string data = Data)
    {
        try
        {
            string folder = Prepare(data);
            FilePath = string.Create(CultureInfo.InvariantCulture, $"{folder}/hostup-update.{DateTime.UtcNow:yyyyMMdd_HHmmss}.log");
            _file = new StreamWriter(FilePath, append: true) { AutoFlush = true };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"no log file: {e.Message}");
        }
        Line($"{Begin}{attemptId}, hostup-device {ThisProgram.Version}");
    }

    /// <summary>The file; null when there is none.</summary>
    public string? FilePath { get; }

    public void Line(string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'} {text}");
        Console.Error.WriteLine(line);
        try
        {
            _file?.WriteLine(line);
        }
        catch (IOException)
        {
            // The data partition is full or gone; the journal has the line.
        }
    }

    /// <summary>What the processes of one attempt logged so far, in order; only files that are still there.</summary>
    public static byte[] ReadAll(string attemptId, string data = Data) => !Directory.Exists(FolderOn(data)) ? [] :
        [.. Directory.EnumerateFiles(FolderOn(data), Names).Order(StringComparer.Ordinal)
            .Where(f => File.ReadLines(f).Any(l => l.Contains(Begin + attemptId, StringComparison.Ordinal)))
            .SelectMany(File.ReadAllBytes)];

    public void Dispose() => _file?.Dispose();

    private static string FolderOn(string data) => data + "/balenahup";

    private static string Prepare(string data)
    {
        string folder = FolderOn(data);
        // as upstream links it: one folder, under its older name when that is the one there
        if (!Path.Exists(folder) && Directory.Exists(data + "/resinhup"))
            File.CreateSymbolicLink(folder, "resinhup");
        Directory.CreateDirectory(folder);
        long kept = 0;
        foreach (var old in new DirectoryInfo(folder).EnumerateFiles(Names).OrderByDescending(f => f.Name, StringComparer.Ordinal))
        {
            kept += old.Length;
            if (kept > MostBytes)
                old.Delete();
        }
        return folder;
    }
}
