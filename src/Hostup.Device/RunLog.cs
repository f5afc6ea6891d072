using System.Globalization;
using System.Text;
using Hostup.Oci.Layouts;

namespace Hostup.Device;

/// <summary>
/// Log of one process's work on an attempt: to the journal by standard error, and to a file on the data partition, or in memory from the moment that this one takes
/// nothing. Never fails. A file only grows, so that what was sent of it stays its beginning.
/// </summary>
internal sealed class RunLog : IDisposable
{
    /// <summary>What all logs together may take: some twenty attempts.</summary>
    private const long MostBytes = 1 << 20;

    /// <summary>What logs in memory may take together: the end of an attempt tells most.</summary>
    private const int MostBytesInMemory = 256 << 10;

    /// <summary>What one file in memory takes; when the next is begun the oldest goes.</summary>
    private const int MostBytesOfPart = MostBytesInMemory / 4;

    /// <summary>What one file on the data partition takes; when the next is begun the oldest go. A file that is all there may be would take the others with it, and itself at last.</summary>
    private const long MostBytesOfFile = MostBytes / 4;

    private readonly string _data;
    private readonly string _memory;
    private readonly TimeProvider _time;
    private readonly string _first;
    private FileStream? _file;
    private bool _inMemory;
    private int _part;

    /// <param name="attemptId">The attempt.</param>
    /// <param name="data">The data partition.</param>
    /// <param name="memory">A folder in memory.</param>
    /// <param name="time">Names the file; null: the machine's clock.</param>
    /// <param name="onlyMemory">The data partition is not there yet.</param>
    public RunLog(string attemptId, string data = LogFiles.Data, string memory = LogFiles.Memory, TimeProvider? time = null, bool onlyMemory = false)
    {
        (_data, _memory, _time, _inMemory) = (data, memory, time ?? TimeProvider.System, onlyMemory);
        _first = LogPiece.FirstWords(attemptId);
        if (!onlyMemory)
            Try(() => OpenIn(Prepare(data)));
        Line(_first);
    }

    /// <summary>The file; null when there is none.</summary>
    public string? FilePath => _file?.Name;

    public void Line(string text)
    {
        string line = Stamped(text);
        Console.Error.Write(line);
        byte[] bytes = Encoding.UTF8.GetBytes(line);
        if (!_inMemory && Try(() => AppendOnData(bytes)))
            return;
        if (!_inMemory)
            GoOnInMemory();
        Try(() => AppendInMemory(bytes));
    }

    /// <summary>A power cut takes nothing of what was said until now, if the data partition takes it.</summary>
    public void Keep()
    {
        if (!_inMemory && _file is { } file && !Try(() => FileFlush.ToDisk(file)))
            GoOnInMemory();
    }

    public void Dispose() => Close();

    private static string Stamped(string text) => string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd'T'HH:mm:ss'Z'} {text}\n");

    // Without a buffer: what a full partition did not take must not be tried again by whoever closes the file.
    private void OpenIn(string folder)
    {
        _file = new FileStream($"{folder}/{LogFiles.NextName(_data, _memory, _time)}", FileMode.Append, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        if (!_inMemory)
            FileFlush.Directory(folder);
    }

    private void Append(byte[] line)
    {
        if (_file is null)
            throw new IOException("there is no file");
        // Somebody may have written a note of his own there.
        long end = _file.Seek(0, SeekOrigin.End);
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
    }

    private void AppendOnData(byte[] line)
    {
        if (_file is { } full && full.Position + line.Length > MostBytesOfFile)
        {
            FileFlush.ToDisk(full);
            Close();
            LogFiles.Rotate(LogFiles.FolderOn(_data), MostBytes - MostBytesOfFile);
            OpenIn(LogFiles.FolderOn(_data));
            // The file says by itself which attempt it is of.
            Append(Encoding.UTF8.GetBytes(Stamped(string.Create(CultureInfo.InvariantCulture, $"{_first}; the log goes on, this is part {++_part}"))));
        }
        Append(line);
    }

    private void AppendInMemory(byte[] line)
    {
        if (_file is null || _file.Position + line.Length > MostBytesOfPart)
            OpenPart();
        Append(line);
    }

    private void OpenPart()
    {
        Close();
        LogFiles.Rotate(_memory, MostBytesInMemory - MostBytesOfPart);
        OpenIn(_memory);
        // The file says by itself which attempt it is of.
        Append(Encoding.UTF8.GetBytes(Stamped(string.Create(CultureInfo.InvariantCulture, $"{_first}; the data partition takes nothing, this is part {++_part} in memory"))));
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

    private static string Prepare(string data)
    {
        string folder = LogFiles.FolderOn(data);
        // as upstream links it: one folder, under its older name when that is the one there
        if (!Path.Exists(folder) && Directory.Exists(data + "/resinhup"))
            File.CreateSymbolicLink(folder, "resinhup");
        LogFiles.Rotate(folder, MostBytes);
        return folder;
    }
}
