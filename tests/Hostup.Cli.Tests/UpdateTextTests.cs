using Hostup.Cli.Updates;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

public sealed class UpdateTextTests
{
    private static readonly AttemptView Running = new()
    {
        Id = "a", DeviceUuid = "0123456789", ReleaseId = "r", Version = "2.0.0", Serial = 1, CreatedAt = default, ChangedAt = default,
        Report = new AttemptReport { Serial = 1, State = AttemptStates.Downloading, StepBytesDone = 5, StepBytesTotal = 10, Steps = [new StepReport("check-device", "done", 1), new StepReport("write-slot", "started", 1)] },
    };

    [Fact]
    public void What_devices_and_people_said_does_not_steer_the_terminal_that_lists_it()
    {
        var writer = new StringWriter();

        Terminal.Table(writer, ["NAME"], [["a\u001b[2Jb\r\nc\u009bd"]]);

        Assert.Equal($"NAME{Environment.NewLine}a?[2Jb??c?d{Environment.NewLine}", writer.ToString());
    }

    [Fact]
    public void A_line_names_state_step_and_bytes() => Assert.Equal("downloading  write-slot  5 B of 10 B", UpdateText.Line(Running));

    [Fact]
    public void A_line_tells_rate_and_time_left_when_they_are_known() =>
        Assert.EndsWith("5 B of 10 B, 1 B/s, 5 s left", UpdateText.Line(Running with { Report = Running.Report with { StepBytesPerSecond = 1 } }), StringComparison.Ordinal);

    [Fact]
    public void A_held_lock_and_those_that_were_passed_over_are_told()
    {
        var writer = new StringWriter();
        var held = new LockReport("backup", "/tmp/balena/backup/updates.lock", "process 512 rsync", DateTimeOffset.UnixEpoch);

        UpdateText.Write(writer, Running with { Report = Running.Report with { Lock = held, LocksOverridden = ["web (process 7 node)"] } });

        Assert.Contains("lock      /tmp/balena/backup/updates.lock, process 512 rsync, since 1970-01-01 00:00:00Z", writer.ToString(), StringComparison.Ordinal);
        Assert.Contains("overrode  web (process 7 node)", writer.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, "stuck: the device polls, but says nothing of the attempt since 3 h")]
    [InlineData(false, "nothing is heard of the device since 3 h")]
    public void A_silent_attempt_is_told_from_a_silent_device(bool heard, string text) =>
        Assert.Equal(text, UpdateText.SilenceOf(Running with { Silence = new AttemptSilence(DateTimeOffset.UnixEpoch, heard) }, DateTimeOffset.UnixEpoch.AddHours(3)));

    [Fact]
    public void A_line_tells_of_a_cancel_that_was_asked_for() => Assert.StartsWith("downloading (cancel asked)", UpdateText.Line(Running with { CancelAsked = true }), StringComparison.Ordinal);

    [Theory]
    [InlineData("delta", "image     from delta")]
    [InlineData("slot", "image     was on the slot already")]
    public void Where_the_image_came_from_is_told(string source, string line)
    {
        var writer = new StringWriter();

        UpdateText.Write(writer, Running with { Report = Running.Report with { Source = source } });

        Assert.Contains(line, writer.ToString().Split(writer.NewLine));
    }

    [Fact]
    public void The_whole_text_has_every_step_and_cause()
    {
        var writer = new StringWriter();
        UpdateText.Write(writer, Running with { Report = Running.Report with { Bytes = [new CauseBytes("registry", 1 << 20, 10)], ErrorCode = "slot-write" } });

        foreach (string part in (string[])["check-device", "write-slot", "registry", "1.0 MiB", "slot-write", "unknown -> 2.0.0"])
            Assert.Contains(part, writer.ToString(), StringComparison.Ordinal);
    }
}
