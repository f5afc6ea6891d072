using System.Globalization;
using System.Text;

namespace Hostup.Device;

/// <summary>
/// Log of one process's work on an attempt: to the journal by standard error, and to a file on the data partition, or in memory from the moment that this one takes
/// nothing. Never blocks, never fails.
/// </summary>
internal sealed class RunLog : IDisposable
{
    public const string Data = "/mnt/data";

    /// <summary>Where the log lies when the data partition is full or not there, until the agent has sent it.</summary>
    public const string Memory = "/run/hostup/log";
    private const string Names = "hostup-update.*.log";
    private const string Begin = "attempt ";

    /// <summary>What all logs together may take: some twenty attempts.</summary>
    private const long MostBytes = 1 << 20;

    /// <summary>What logs in memory may take together: the end of an attempt tells most.</summary>
    private const int MostBytesInMemory = 256 << 10;

    private readonly string _memory;
    private readonly string _name;
    private readonly string _first;
    private FileStream? _file;
    private bool _inMemory;

    /// <param name="attemptId">The attempt.</param>
    /// <param name="data">The data partition.</param>
    /// <param name="memory">A folder in memory.</param>
    /// <param name="time">Names the file; null: the machine's clock.</param>
    public RunLog(string attemptId, string data = Data, string memory = Memory, TimeProvider? time = null)
    {
        _memory = memory;
        _name = string.Create(CultureInfo.InvariantCulture, $"hostup-update.{(time ?? TimeProvider.System).GetUtcNow():yyyyMMdd_HHmmss}.log");
        _first = $"{Begin}{attemptId}, hostup-device {ThisProgram.Version}";
        Try(() => Open(Prepare(data, MostBytes)));
        Line(_first);
    }

    /// <summary>The file; null when there is none.</summary>
    public string? FilePath => _file?.Name;

    public void Line(string text)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'} {text}\n");
        Console.Error.Write(line);
        byte[] bytes = Encoding.UTF8.GetBytes(line);
        if (!_inMemory && Try(() => Append(bytes)))
            return;
        if (!_inMemory)
            GoOnInMemory();
        Try(() => AppendInMemory(bytes));
    }

    /// <summary>What the processes of one attempt logged so far, in order; only files that are still there, and of one that cannot be read why.</summary>
    public static byte[] ReadAll(string attemptId, string data = Data, string memory = Memory) =>
        [.. new[] { FolderOn(data), memory }.SelectMany(Logs)
            .OrderBy(f => Path.GetFileName(f), StringComparer.Ordinal)
            .SelectMany(f => Read(f, attemptId))];

    private static IReadOnlyList<string> Logs(string folder)
    {
        try
        {
            return Directory.Exists(folder) ? Directory.GetFiles(folder, Names) : [];
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return []; // what is in the other one is worth as much
        }
    }

    private static byte[] Read(string log, string attemptId)
    {
        try
        {
            return File.ReadLines(log).Any(l => l.Contains(Begin + attemptId, StringComparison.Ordinal)) ? File.ReadAllBytes(log) : [];
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return Encoding.UTF8.GetBytes($"log {log} cannot be read: {e.Message}\n");
        }
    }

    public void Dispose() => Close();

    // Without a buffer: what a full partition did not take must not be tried again by whoever closes the file.
    private void Open(string folder) => _file = new FileStream($"{folder}/{_name}", FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    private void Append(byte[] line)
    {
        if (_file is null)
            throw new IOException("there is no file");
        long end = _file.Position;
        try
        {
            _file.Write(line);
        }
        catch (IOException)
        {
            Try(() => _file.SetLength(end)); // half a line
            throw;
        }
    }

    private void GoOnInMemory()
    {
        _inMemory = true;
        Close();
        Try(() => Open(Rotate(_memory, MostBytesInMemory)));
        // The file says by itself which attempt it is of.
        if (_file is { Length: 0 })
            Try(() => Append(Encoding.UTF8.GetBytes($"{_first}; the data partition takes nothing, this is in memory\n")));
    }

    private void AppendInMemory(byte[] line)
    {
        if (_file is { } file && file.Length + line.Length > MostBytesInMemory)
        {
            byte[] all = File.ReadAllBytes(file.Name);
            int half = Array.IndexOf(all, (byte)'\n', all.Length / 2) + 1;
            file.SetLength(0);
            Append([.. Encoding.UTF8.GetBytes(_first + "; the first lines are lost, the data partition is full\n"), .. all[half..]]);
        }
        Append(line);
    }

    private void Close()
    {
        Try(() => _file?.Dispose());
        _file = null;
    }

    private static bool Try(Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            return false; // standard error has the line
        }
    }

    private static string FolderOn(string data) => data + "/balenahup";

    private static string Prepare(string data, long most)
    {
        string folder = FolderOn(data);
        // as upstream links it: one folder, under its older name when that is the one there
        if (!Path.Exists(folder) && Directory.Exists(data + "/resinhup"))
            File.CreateSymbolicLink(folder, "resinhup");
        return Rotate(folder, most);
    }

    /// <summary>Makes room: the oldest logs go.</summary>
    private static string Rotate(string folder, long most)
    {
        Directory.CreateDirectory(folder);
        long kept = 0;
        foreach (var old in new DirectoryInfo(folder).EnumerateFiles(Names).OrderByDescending(f => f.Name, StringComparer.Ordinal))
        {
            kept += old.Length;
            if (kept > most)
                old.Delete();
        }
        return folder;
    }
}
