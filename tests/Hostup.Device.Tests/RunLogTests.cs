namespace Hostup.Device.Tests;

public sealed class RunLogTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("hostup-log-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

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
        using var log = new RunLog("a1", "/proc/no-such-place");

        log.Line("checking");

        Assert.Null(log.FilePath);
    }
}
