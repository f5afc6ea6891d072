using System.Globalization;

namespace Hostup.Device;

/// <summary>Log of one process's work on an attempt: to the journal by standard error, and to a file on the data partition. Never blocks, never fails.</summary>
internal sealed class RunLog : IDisposable
{
    public const string Folder = "/mnt/data/balenahup";
    private const string Begin = "attempt ";
    private readonly StreamWriter? _file;

    public RunLog(string attemptId)
    {
        try
        {
            Directory.CreateDirectory(Folder);
            FilePath = string.Create(CultureInfo.InvariantCulture, $"{Folder}/hostup-update.{DateTime.UtcNow:yyyyMMdd_HHmmss}.log");
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
    public static byte[] ReadAll(string attemptId) => !Directory.Exists(Folder) ? [] :
        [.. Directory.EnumerateFiles(Folder, "hostup-update.*.log").Order(StringComparer.Ordinal)
            .Where(f => File.ReadLines(f).FirstOrDefault()?.Contains(Begin + attemptId, StringComparison.Ordinal) == true)
            .SelectMany(File.ReadAllBytes)];

    public void Dispose() => _file?.Dispose();
}
