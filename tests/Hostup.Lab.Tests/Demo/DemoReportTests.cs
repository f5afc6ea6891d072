using System.Text.Json;
using Hostup.Core.Wire;
using Hostup.Lab.Demo;

namespace Hostup.Lab.Tests.Demo;

/// <summary>What <c>./demo --report</c> writes: programs read it.</summary>
public sealed class DemoReportTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("6.1.0-56", "kernel       6.1.0-50 -> 6.1.0-56\n")]
    [InlineData("6.1.0-50", "kernel       6.1.0-50 -> 6.1.0-50, NOT the new release's 6.1.0-56\n")]
    public async Task A_report_has_every_name_that_is_promised_and_says_the_same_to_people(string kernelAfter, string line)
    {
        string path = Path.Combine(_folder, "report.json");
        var report = Report(kernelAfter);

        await report.SaveAsync(path, TestContext.Current.CancellationToken);

        using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        var root = json.RootElement;
        Assert.Equal(
            ["bytes", "from", "heartbeatMaxGapSeconds", "imageBytes", "kernelAfter", "kernelBefore", "kernelOfRelease", "message", "outcome", "slotAfter", "slotBefore", "source", "steps", "supervisorRuns", "to", "volumeIntact"],
            root.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
        Assert.Equal(("committed", "resin-rootB", kernelAfter), (root.GetProperty("outcome").GetString(), root.GetProperty("slotAfter").GetString(), root.GetProperty("kernelAfter").GetString()));
        Assert.Equal(177, root.GetProperty("bytes").GetProperty("registry").GetProperty("received").GetInt64());
        Assert.Equal(114.3, root.GetProperty("steps")[0].GetProperty("seconds").GetDouble());
        Assert.Contains(line, report.ToString(), StringComparison.Ordinal);
    }

    /// <summary>An application that left no heartbeat has no gap to tell.</summary>
    [Fact]
    public async Task A_report_of_an_update_that_failed_is_written_too()
    {
        string path = Path.Combine(_folder, "report.json");

        await (Report("6.1.0-50") with { Outcome = "failed", Source = null, Message = "cannot get it", HeartbeatMaxGapSeconds = null }).SaveAsync(path, TestContext.Current.CancellationToken);

        using var json = JsonDocument.Parse(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal(("failed", JsonValueKind.Null), (json.RootElement.GetProperty("outcome").GetString(), json.RootElement.GetProperty("heartbeatMaxGapSeconds").ValueKind));
    }

    private static DemoReport Report(string kernelAfter) => new()
    {
        Outcome = "committed",
        From = "2.100.0+rev1",
        To = "2.101.0+rev1",
        Source = "registry",
        ImageBytes = 180_000,
        Bytes = new Dictionary<string, WireBytes> { ["registry"] = new(177, 2) },
        Steps = [new StepReport("write-slot", "done", 114.3)],
        HeartbeatMaxGapSeconds = 0.3,
        SlotBefore = "resin-rootA",
        SlotAfter = "resin-rootB",
        KernelBefore = "6.1.0-50",
        KernelAfter = kernelAfter,
        KernelOfRelease = "6.1.0-56",
        VolumeIntact = true,
        SupervisorRuns = true,
        Message = null,
    };
}
