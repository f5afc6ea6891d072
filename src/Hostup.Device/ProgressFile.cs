using System.Diagnostics;
using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Linux.Systemd;
using Hostup.Updates.Ports;
using Hostup.Updates.Reporting;

namespace Hostup.Device;

/// <summary>Progress of the update process, for the agent, in a file under /run; and what the operator wants of it, empty files the other way.</summary>
internal sealed class ProgressFile(RunLog log, string attempt) : IAttemptProgress
{
    public const string FilePath = TargetFile.Folder + "/progress.json";

    private static readonly (AttemptWishes Wish, string Path)[] WishPaths =
    [
        (AttemptWishes.Cancel, TargetFile.Folder + "/cancel"),
        (AttemptWishes.Supersede, TargetFile.Folder + "/supersede"),
        (AttemptWishes.OverrideLocks, TargetFile.Folder + "/override-locks"),
    ];

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Stopwatch _sinceWrite = Stopwatch.StartNew();
    private readonly Stopwatch _sinceLook = Stopwatch.StartNew();
    private readonly TransferRate _rate = new(() => Stopwatch.GetElapsedTime(0));
    private string? _lastState;
    private string? _lastNote;
    private AttemptWishes _wishes;
    private UpdatePolicy? _policy = PolicyFile.Load(attempt);
    private long _tick;

    /// <summary>When the attempt was opened: a process after a reboot counts on from there, so that its reports are newer than those before.</summary>
    public DateTimeOffset Since { get; init; } = DateTimeOffset.UtcNow;

    /// <summary>Where it is written; another place in tests.</summary>
    public string Place { get; init; } = FilePath;

    /// <summary>Whom each report tells that the update gets on; another one in tests.</summary>
    public ServiceWatchdog Watchdog { get; init; } = ServiceWatchdog.OfThisUnit();

    public AttemptWishes Wishes
    {
        get
        {
            if (_sinceLook.ElapsedMilliseconds > 200)
            {
                _wishes = AskedFor();
                _sinceLook.Restart();
            }
            return _wishes;
        }
    }

    public UpdatePolicy? Policy
    {
        get
        {
            if (PolicyFile.Load(attempt) is { } now && now != _policy)
            {
                log.Line("the policy was changed");
                _policy = now;
            }
            return _policy;
        }
    }

    public void Report(string state, long done, long total, string? note, LockReport? held = null)
    {
        Watchdog.Alive();
        long rate = _rate.Take(state, done);
        bool news = state != _lastState || note != _lastNote;
        if (!news && _sinceWrite.Elapsed < Pause)
            return;
        if (news)
            log.Line(note is null ? state : $"{state}: {note}");
        // A flush may wait for the medium: once for each state.
        if (state != _lastState)
            log.Keep();
        (_lastState, _lastNote) = (state, note);
        _tick = Math.Max(_tick + 1, (long)(DateTimeOffset.UtcNow - Since).TotalSeconds);
        _sinceWrite.Restart();
        try
        {
            File.WriteAllBytes(Place + ".new", JsonSerializer.SerializeToUtf8Bytes(new StepProgress(state, done, total, note, _tick) { Lock = held, BytesPerSecond = rate }, DeviceJson.Default.StepProgress));
            File.Move(Place + ".new", Place, overwrite: true);
        }
        catch (Exception e) when (MediumFault.Is(e))
        {
            log.Line($"progress is not written: {e.Message}");
        }
    }

    /// <summary>What the operator wants of the attempt that runs.</summary>
    public static AttemptWishes AskedFor() => WishPaths.Where(w => File.Exists(w.Path)).Aggregate(AttemptWishes.None, (all, w) => all | w.Wish);

    /// <summary>Tells the update process what the operator wants; what was asked for stays asked for.</summary>
    /// <returns>What it did not know yet.</returns>
    public static AttemptWishes Ask(AttemptWishes wishes)
    {
        var news = wishes & ~AskedFor();
        foreach (var (_, path) in WishPaths.Where(w => news.HasFlag(w.Wish)))
            File.WriteAllBytes(path, []);
        return news;
    }

    /// <summary>A new attempt begins: nothing is told and nothing asked for.</summary>
    public static void Reset()
    {
        Directory.CreateDirectory(TargetFile.Folder);
        foreach (string path in WishPaths.Select(w => w.Path).Append(FilePath))
            File.Delete(path);
    }

    public static StepProgress? Load()
    {
        try
        {
            return File.Exists(FilePath) ? JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), DeviceJson.Default.StepProgress) : null;
        }
        catch (Exception e) when (MediumFault.Is(e) || e is JsonException)
        {
            return null;
        }
    }
}
