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

        string text = System.Text.Encoding.UTF8.GetString(RunLog.ReadAll("b2", _data));

        Assert.Contains("downloading", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_log_that_cannot_be_read_hides_no_other_and_says_so()
    {
        Directory.CreateDirectory(_data + "/balenahup");
        File.CreateSymbolicLink(_data + "/balenahup/hostup-update.20200101_000000.log", "/proc/self/mem"); // its first byte is an input/output error
        using (var log = new RunLog("a1", _data))
            log.Line("checking");

        string text = System.Text.Encoding.UTF8.GetString(RunLog.ReadAll("a1", _data));

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
        string full = _data + "/balenahup/hostup-update.20260102_030405.log";
        File.CreateSymbolicLink(full, "/dev/full");

        using (var log = new RunLog("a1", _data, _memory, new StoppedTime()))
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
        Assert.Contains("the first lines are lost", text, StringComparison.Ordinal);
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(3001 - lines.Length, lines.Length - 1).Select(i => $"{i}"), lines.Skip(1).Select(l => l.Split(' ')[2]));
    }

    private string Read(string data) => System.Text.Encoding.UTF8.GetString(RunLog.ReadAll("a1", data, _memory));

    private sealed class StoppedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
