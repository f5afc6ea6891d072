using System.Text;
using Hostup.Core.Wire;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Agent;

/// <summary>The log of an attempt at a real server after what happens to devices: whole lines, none twice, the end always there, and it says where lines are missing.</summary>
public sealed class LogDeliveryTests : IAsyncLifetime
{
    private const string NewVersion = "2.101.0";
    private const string SentPath = "/mnt/state/hostup/log-sent";
    // of more bytes than are kept in memory
    private const int Many = 1300;
    private readonly OsBuilder _builder = new();
    private RealServer _server = null!;
    private AwayDevice _device = null!;
    private string _attempt = "";

    public async ValueTask InitializeAsync()
    {
        var release = SimRelease.Make(NewVersion, SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        var image = await _builder.BuildAsync(release);
        _server = await RealServer.StartAsync();
        await _server.PublishAsync(image, _builder.Sign(_builder.Manifest(release, image, sequence: 5)));
        _device = new AwayDevice(_builder.Trust(1), release, _server.Address, await _server.ProvisioningKeyAsync());
        await _device.RegisterAsync();
        _attempt = (await _server.UpdateAsync(AwayDevice.Uuid, new UpdateRequest { Release = NewVersion })).Id;
    }

    public async ValueTask DisposeAsync()
    {
        _device.Dispose();
        await _server.DisposeAsync();
        _builder.Dispose();
    }

    [Theory]
    [InlineData(0)] // an empty file
    [InlineData(30)] // half of its first line
    [InlineData(150)] // some whole lines and a half one
    public async Task A_power_cut_that_takes_lines_the_server_has_harms_no_line_of_the_next_start(int left)
    {
        string first = Say("checking", "downloading", "verifying", "supervisor");
        Assert.True(await SendAsync(ended: false));
        File.WriteAllBytes(first, File.ReadAllBytes(first)[..left]);

        Say("taken up", "ended");
        Assert.True(await SendAsync(ended: true));

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(["checking", "downloading", "verifying", "supervisor", "taken up", "ended"], said);
        Assert.Contains("not sent yet is lost", Assert.Single(gaps), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_in_memory_that_a_reboot_takes_is_followed_by_the_next_one_whole()
    {
        SayIn(memory: true, "checking", "downloading", "a long line that makes this log longer than the next one");
        Assert.True(await SendAsync(ended: false));
        SayIn(memory: true, "never sent");
        Directory.Delete(_device.Memory, recursive: true);

        SayIn(memory: true, "taken up");
        Assert.True(await SendAsync(ended: false));
        SayIn(memory: true, "ended");
        Assert.True(await SendAsync(ended: true));

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(["checking", "downloading", "a long line that makes this log longer than the next one", "taken up", "ended"], said);
        Assert.Single(gaps);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_clock_that_is_earlier_after_the_reboot_mixes_no_lines(bool sentBetween)
    {
        SayAt(new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero), "checking", "downloading");
        if (sentBetween)
            Assert.True(await SendAsync(ended: false));

        SayAt(new(2026, 1, 1, 0, 0, 20, TimeSpan.Zero), "taken up", "ended");
        Assert.True(await SendAsync(ended: true));

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(["checking", "downloading", "taken up", "ended"], said);
        Assert.Empty(gaps);
    }

    [Fact]
    public async Task A_log_in_memory_that_makes_room_goes_on_at_the_server()
    {
        using var log = new RunLog(_attempt, _device.Data, _device.Memory, onlyMemory: true);
        await _device.AgentAsync(async (link, _) =>
        {
            var documents = _device.Documents(link);
            for (int i = 0; i < Many; i++)
            {
                log.Line(Long(i));
                if (i % 400 == 0)
                    Assert.True(await documents.SendAsync(_attempt, plan: null, ended: false, default));
            }
            return await documents.SendAsync(_attempt, plan: null, ended: true, default);
        });

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(Enumerable.Range(0, Many).Select(Long), said);
        Assert.Empty(gaps);
    }

    [Fact]
    public async Task A_log_in_memory_that_made_room_before_it_was_sent_says_so_and_has_its_end()
    {
        using var log = new RunLog(_attempt, _device.Data, _device.Memory, onlyMemory: true);
        log.Line(Long(0));
        Assert.True(await SendAsync(ended: false));
        for (int i = 1; i < Many; i++)
            log.Line(Long(i));

        Assert.True(await SendAsync(ended: true));

        var (said, gaps) = await AtServerAsync();
        Assert.InRange(said.Count, 500, Many - 100);
        Assert.Equal([Long(0), .. Enumerable.Range(Many + 1 - said.Count, said.Count - 1).Select(Long)], said);
        Assert.Single(gaps);
    }

    [Fact]
    public async Task A_log_that_is_too_large_for_the_server_is_there_with_its_beginning_and_its_end()
    {
        using var log = new RunLog(_attempt, _device.Data, _device.Memory);
        File.AppendAllLines(log.FilePath!, Enumerable.Range(0, 7000).Select(i => $"2026-01-02T03:04:05Z {Long(i)}"));
        Assert.True(await SendAsync(ended: false));
        Assert.InRange((await _server.LogAsync(_attempt)).Length, 700 << 10, 768 << 10);

        log.Line("ended");
        Assert.True(await SendAsync(ended: true));
        log.Line("said later");
        await _device.AgentAsync(async (link, _) =>
        {
            await _device.Documents(link).SendLaterAsync(_attempt, default);
            return 0;
        });

        Assert.InRange((await _server.LogAsync(_attempt)).Length, 1_000_000, 1 << 20);
        var (said, gaps) = await AtServerAsync();
        int head = said.Index().First(l => l.Item != Long(l.Index)).Index, tail = said.Count - head - 2;
        Assert.True(head > 3000 && tail > 500, $"{head} lines of the beginning, {tail} of the end");
        Assert.Equal([.. Enumerable.Range(7000 - tail, tail).Select(Long), "ended", "said later"], said.Skip(head));
        Assert.Matches("^--- [1-9][0-9]+ bytes of the log are left out here", Assert.Single(gaps));
    }

    [Fact]
    public async Task An_agent_that_starts_again_sends_only_what_is_new()
    {
        Say("checking");
        Assert.True(await SendAsync(ended: false));
        Say("downloading");
        Assert.True(await SendAsync(ended: false));

        long sent = await _device.AgentAsync(async (link, _) =>
        {
            await _device.Documents(link).SendLaterAsync(_attempt, default);
            return link.Wire.Sent;
        });

        Assert.Equal(0, sent);
        Assert.Equal(["checking", "downloading"], (await AtServerAsync()).Said);
    }

    [Fact]
    public async Task An_agent_that_does_not_know_what_was_sent_loses_and_cuts_no_line_and_says_so()
    {
        string first = Say("checking", "downloading");
        Assert.True(await SendAsync(ended: false));
        _device.Sim.Files.Delete(SentPath);
        File.WriteAllBytes(first, File.ReadAllBytes(first)[..^5]);

        Say("ended");
        Assert.True(await SendAsync(ended: true));

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(["checking", "downloading", "checking", "ended"], said);
        Assert.Contains("does not know what of its log is above", Assert.Single(gaps), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_state_partition_that_takes_no_write_repeats_no_line_while_the_agent_runs()
    {
        _device.Sim.Files.BrokenPath = "/mnt/state";
        await _device.AgentAsync(async (link, _) =>
        {
            var documents = _device.Documents(link);
            foreach (string line in (string[])["checking", "downloading", "ended"])
            {
                Say(line);
                Assert.True(await documents.SendAsync(_attempt, plan: null, ended: false, default));
            }
            return 0;
        });

        var (said, gaps) = await AtServerAsync();
        Assert.Equal(["checking", "downloading", "ended"], said);
        Assert.Empty(gaps);
    }

    [Fact]
    public async Task The_verdict_is_in_the_log_at_the_server_also_when_it_was_said_after_the_end_was_told()
    {
        await _device.TakeTargetAsync();
        await _device.RunAsync();
        Assert.Null((await _device.ReportAsync()).Error);
        Assert.NotNull((await _server.AttemptAsync(_attempt)).EndedAt);

        VerdictLog.Say(_device.Sim.Device, "healthy, committed", _device.Data, _device.Memory);
        Assert.Null((await _device.ReportAsync()).Error);

        Assert.EndsWith("Z healthy, committed\n", Encoding.UTF8.GetString(await _server.LogAsync(_attempt)), StringComparison.Ordinal);
        Assert.Equal(0, (await _device.ReportAsync()).Sent);
    }

    /// <summary>A process of the attempt says something.</summary>
    /// <returns>Its file.</returns>
    private string Say(params string[] lines) => SayIn(memory: false, lines);

    private string SayIn(bool memory, params string[] lines)
    {
        using var log = new RunLog(_attempt, _device.Data, _device.Memory, onlyMemory: memory);
        Array.ForEach(lines, log.Line);
        return log.FilePath!;
    }

    private void SayAt(DateTimeOffset now, params string[] lines)
    {
        using var log = new RunLog(_attempt, _device.Data, _device.Memory, new Clock(now));
        Array.ForEach(lines, log.Line);
    }

    private static string Long(int line) => $"line {line} {new string('x', 200)}";

    /// <summary>An agent that has just been started sends what there is.</summary>
    private Task<bool> SendAsync(bool ended) => _device.AgentAsync((link, _) => _device.Documents(link).SendAsync(_attempt, plan: null, ended, default));

    /// <summary>What the processes said, as the server has it, and where it says that lines are missing. Every line is whole.</summary>
    private async Task<(List<string> Said, List<string> Gaps)> AtServerAsync()
    {
        string log = Encoding.UTF8.GetString(await _server.LogAsync(_attempt));
        Assert.EndsWith("\n", log, StringComparison.Ordinal);
        string[] lines = log.Split('\n')[..^1];
        Assert.All(lines, l => Assert.Matches("^(---|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z) [a-z0-9]", l));
        var gaps = lines.Where(l => l.StartsWith("---", StringComparison.Ordinal)).ToList();
        var said = lines.Where(l => !l.StartsWith("---", StringComparison.Ordinal)).Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Where(l => !l.StartsWith("attempt ", StringComparison.Ordinal));
        return ([.. said], gaps);
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
