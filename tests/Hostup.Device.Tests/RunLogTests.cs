using System.Net.Sockets;
using Hostup.Linux.Systemd;
using Hostup.Updates.Ports;

namespace Hostup.Device.Tests;

public sealed class RunLogTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("hostup-log-").FullName;

    private readonly string _memory = Directory.CreateTempSubdirectory("hostup-memory-").FullName;

    public void Dispose()
    {
        Directory.Delete(_data, recursive: true);
        Directory.Delete(_memory, recursive: true);
    }

    [Fact]
    public void An_attempts_processes_leave_one_log()
    {
        using (var log = new RunLog("a1", _data))
            log.Line("checking");
        using (var other = new RunLog("b2", _data))
            other.Line("downloading");

        string text = Read(_data, "b2");

        Assert.Contains("downloading", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_cannot_be_read_hides_no_other_and_says_so()
    {
        Directory.CreateDirectory(_data + "/balenahup");
        File.CreateSymbolicLink(_data + "/balenahup/hostup-update.20200101_000000.log", "/proc/self/mem"); // its first byte is an input/output error
        using (var log = new RunLog("a1", _data))
            log.Line("checking");

        string text = Read(_data);

        Assert.StartsWith($"log {_data}/balenahup/hostup-update.20200101_000000.log cannot be read: ", text, StringComparison.Ordinal);
        Assert.EndsWith(" checking\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_older_folder_is_used_when_it_is_the_one_there()
    {
        Directory.CreateDirectory(_data + "/resinhup");

        using var log = new RunLog("a1", _data);

        Assert.Equal("resinhup", new FileInfo(_data + "/balenahup").LinkTarget);
        Assert.Single(Directory.GetFiles(_data + "/resinhup"));
    }

    [Fact]
    public void The_oldest_logs_go_when_all_together_are_too_large()
    {
        string folder = _data + "/balenahup";
        Directory.CreateDirectory(folder);
        for (int day = 1; day <= 4; day++)
            File.WriteAllBytes($"{folder}/hostup-update.2026010{day}_000000.log", new byte[400_000]);
        File.WriteAllBytes($"{folder}/upgrade-2.x.sh.log", new byte[2_000_000]);

        using var log = new RunLog("a1", _data);

        string[] names = [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.Equal(["hostup-update.20260103_000000.log", "hostup-update.20260104_000000.log", Path.GetFileName(log.FilePath)!, "upgrade-2.x.sh.log"], names);
    }

    [Fact]
    public void A_log_that_is_written_for_days_stays_within_its_bytes_and_keeps_its_end_for_the_next_process()
    {
        using (var log = new RunLog("a1", _data, _memory))
        {
            for (int i = 0; i < 12_000; i++)
                log.Line($"line {i} {new string('x', 200)}");
        }
        using (var next = new RunLog("a1", _data, _memory))
            next.Line("goes on");

        Assert.InRange(Directory.GetFiles(_data + "/balenahup").Sum(f => new FileInfo(f).Length), 700_000, 1 << 20);
        Assert.Empty(Directory.GetFiles(_memory));
        string[] lines = [.. Read(_data).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.Contains(" attempt a1, ", StringComparison.Ordinal))];
        Assert.Equal(Enumerable.Range(12_000 - lines.Length + 1, lines.Length - 1).Select(i => $"{i}"), lines[..^1].Select(l => l.Split(' ')[2]));
        Assert.EndsWith(" goes on", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void The_newest_log_stays_also_when_it_alone_is_too_large()
    {
        string folder = _data + "/balenahup";
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(folder + "/hostup-update.20260101_000000.log", new byte[10]);
        File.WriteAllBytes(folder + "/hostup-update.20260102_000000.log", new byte[2_000_000]);

        using var log = new RunLog("a1", _data, _memory);

        Assert.False(File.Exists(folder + "/hostup-update.20260101_000000.log"));
        Assert.True(File.Exists(folder + "/hostup-update.20260102_000000.log"));
    }

    [Fact]
    public void A_data_partition_that_is_not_there_stops_nothing()
    {
        using (var log = new RunLog("a1", "/proc/no-such-place", _memory))
            log.Line("checking");

        Assert.EndsWith(" checking\n", Read("/proc/no-such-place"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_data_partition_ends_no_process_and_the_log_goes_on_in_memory()
    {
        Directory.CreateDirectory(_data + "/balenahup");
        string full = _data + LastName;
        File.CreateSymbolicLink(full, "/dev/full");

        using (var log = new RunLog("a1", _data, _memory, LastSecond))
        {
            log.Line("downloading");
            log.Line("ended: Failed");
        }

        File.Delete(full);
        string[] lines = Read(_data).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("attempt a1", lines[0], StringComparison.Ordinal);
        Assert.Equal(["downloading", "Failed"], lines[^2..].Select(l => l.Split(' ')[^1]));
    }

    [Fact]
    public void A_log_in_memory_keeps_its_end_and_stays_small()
    {
        using (var log = new RunLog("a1", "/proc/no-such-place", _memory))
        {
            for (int i = 0; i < 3000; i++)
                log.Line($"line {i} {new string('x', 200)}");
        }

        string text = Read("/proc/no-such-place");
        Assert.InRange(text.Length, 100_000, 256 << 10);
        string[] lines = [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.Contains(" attempt a1, ", StringComparison.Ordinal))];
        Assert.Equal(Enumerable.Range(3000 - lines.Length, lines.Length).Select(i => $"{i}"), lines.Select(l => l.Split(' ')[2]));
    }

    [Fact]
    public void What_was_read_of_a_log_stays_its_beginning_also_in_memory()
    {
        using var log = new RunLog("a1", "/proc/no-such-place", _memory);
        for (int i = 0; i < 700; i++)
            log.Line($"line {i} {new string('x', 200)}");
        var before = LogPiece.Of("a1", "/proc/no-such-place", _memory);

        for (int i = 0; i < 300; i++)
            log.Line($"line {i} {new string('x', 200)}");

        var after = LogPiece.Of("a1", "/proc/no-such-place", _memory).ToDictionary(p => p.Id);
        var stayed = before.Where(p => after.ContainsKey(p.Id)).ToList();
        Assert.Equal(3, before.Count);
        Assert.True(stayed.Count >= 2 && after.Count > stayed.Count, $"{stayed.Count} of {after.Count}");
        Assert.All(stayed, p => Assert.True(after[p.Id].Lines.Span.StartsWith(p.Lines.Span)));
    }

    [Fact]
    public void A_clock_that_is_earlier_after_the_reboot_changes_no_order_and_the_oldest_log_makes_room()
    {
        string folder = _data + "/balenahup";
        var summer = new StoppedTime(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
        var never = new StoppedTime(new(2026, 1, 1, 0, 0, 20, TimeSpan.Zero)); // without a clock: when the image was built
        Directory.CreateDirectory(folder);
        File.WriteAllBytes(folder + "/hostup-update.20260501_000000.log", new byte[900_000]);

        foreach (var (time, says) in new[] { (summer, "one"), (never, "two"), (never, "three") })
        {
            using var log = new RunLog("a1", _data, _memory, time);
            log.Line($"{says} {new string('x', 70_000)}");
        }

        string[] names = [.. Directory.GetFiles(folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["hostup-update.20260501_000000.log", "hostup-update.20260601_120000.log", "hostup-update.20260601_120001.log", "hostup-update.20260601_120002.log"], names);
        Assert.Equal(["one", "two", "three"], Said());
        using (var log = new RunLog("a1", _data, _memory, never))
            log.Line("four");
        Assert.False(File.Exists(folder + "/hostup-update.20260501_000000.log"));
        Assert.Equal(["one", "two", "three", "four"], Said());
    }

    [Fact]
    public void Each_state_is_brought_to_the_medium_and_a_log_that_is_not_kept_there_goes_on_in_memory()
    {
        Directory.CreateDirectory(_data + "/balenahup");
        File.CreateSymbolicLink(_data + LastName, "/dev/null"); // takes everything, and cannot be flushed
        using var log = new RunLog("a1", _data, _memory, LastSecond);
        var progress = new ProgressFile(log, "a1") { Place = _memory + "/progress.json" };
        Assert.StartsWith(_data, log.FilePath, StringComparison.Ordinal);

        progress.Report("checking", 0, 0, null);
        progress.Report("downloading", 0, 0, null);

        Assert.StartsWith(_memory, log.FilePath, StringComparison.Ordinal);
        Assert.EndsWith(" downloading\n", Read("/proc/no-such-place"), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_report_tells_the_service_manager_that_the_update_gets_on()
    {
        string place = _memory + "/notify";
        Directory.CreateDirectory(_memory);
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 5000 };
        manager.Bind(new UnixDomainSocketEndPoint(place));
        using var log = new RunLog("a1", _data, _memory, LastSecond);
        var progress = new ProgressFile(log, "a1") { Place = _memory + "/progress.json", Watchdog = new ServiceWatchdog(place) };
        Assert.Equal(AttemptWishes.None, progress.Wishes);
        Assert.Equal(0, manager.Available); // whoever only asks what is wanted gets nowhere

        progress.Report("downloading", 1, 2, null);
        progress.Report("downloading", 2, 2, null);

        byte[] said = new byte[100];
        Assert.Equal("WATCHDOG=1", System.Text.Encoding.UTF8.GetString(said, 0, manager.Receive(said)));
        Assert.Equal(0, manager.Available);
        manager.Dispose();
        new ProgressFile(log, "a1") { Place = _memory + "/progress.json", Watchdog = new ServiceWatchdog(place) }.Report("verifying", 0, 0, null);
    }

    /// <summary>The time that no name follows: a log of that time gets the name of one that is there.</summary>
    private static StoppedTime LastSecond => new(new(9999, 12, 31, 23, 59, 59, TimeSpan.Zero));

    private const string LastName = "/balenahup/hostup-update.99991231_235959.log";

    private IEnumerable<string> Said() => Read(_data).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ')[1]).Where(w => w != "attempt");

    private string Read(string data, string attempt = "a1") => string.Concat(LogPiece.Of(attempt, data, _memory).Select(p => System.Text.Encoding.UTF8.GetString(p.Lines.Span)));

    private sealed class StoppedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
