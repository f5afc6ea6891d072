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
    public void A_line_names_state_step_and_bytes() => Assert.Equal("downloading  write-slot  5 B of 10 B", UpdateText.Line(Running));

    [Fact]
    public void A_line_tells_of_a_cancel_that_was_asked_for() => Assert.StartsWith("downloading (cancel asked)", UpdateText.Line(Running with { CancelAsked = true }), StringComparison.Ordinal);

    [Fact]
    public void The_whole_text_has_every_step_and_cause()
    {
        var writer = new StringWriter();
        UpdateText.Write(writer, Running with { Report = Running.Report with { Bytes = [new CauseBytes("registry", 1 << 20, 10)], ErrorCode = "slot-write" } });

        foreach (string part in (string[])["check-device", "write-slot", "registry", "1.0 MiB", "slot-write", "unknown -> 2.0.0"])
            Assert.Contains(part, writer.ToString(), StringComparison.Ordinal);
    }
}
