using System.Diagnostics;
using System.Text.Json;
using Hostup.Updates.Ports;
using Hostup.Updates.Reporting;

namespace Hostup.Device;

/// <summary>Progress of the update process, for the agent, in a file under /run; and the operator's wish to end it, a file the other way.</summary>
internal sealed class ProgressFile(RunLog log) : IAttemptProgress
{
    public const string FilePath = TargetFile.Folder + "/progress.json";
    public const string CancelPath = TargetFile.Folder + "/cancel";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Stopwatch _sinceWrite = Stopwatch.StartNew();
    private readonly Stopwatch _sinceLook = Stopwatch.StartNew();
    private string? _lastState;
    private string? _lastNote;
    private bool _cancel;
    private long _tick;

    public bool CancelRequested
    {
        get
        {
            if (_sinceLook.ElapsedMilliseconds > 200)
            {
                _cancel = File.Exists(CancelPath);
                _sinceLook.Restart();
            }
            return _cancel;
        }
    }

    public void Report(string state, long done, long total, string? note)
    {
        bool news = state != _lastState || note != _lastNote;
        if (!news && _sinceWrite.Elapsed < Pause)
            return;
        if (news)
            log.Line(note is null ? state : $"{state}: {note}");
        (_lastState, _lastNote) = (state, note);
        _sinceWrite.Restart();
        try
        {
            File.WriteAllBytes(FilePath + ".new", JsonSerializer.SerializeToUtf8Bytes(new StepProgress(state, done, total, note, ++_tick), DeviceJson.Default.StepProgress));
            File.Move(FilePath + ".new", FilePath, overwrite: true);
        }
        catch (IOException e)
        {
            log.Line($"progress is not written: {e.Message}");
        }
    }

    public static StepProgress? Load()
    {
        try
        {
            return File.Exists(FilePath) ? JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), DeviceJson.Default.StepProgress) : null;
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }
}
