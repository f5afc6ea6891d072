using System.Text.Json;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

/// <summary>hostup update show and bundle against a real server.</summary>
[Collection(CliScene.Name)]
public sealed class UpdateShowTests : IAsyncLifetime
{
    private CliScene? _scene;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public async Task A_failure_is_shown_with_step_cause_what_to_do_device_and_the_last_lines_of_its_log()
    {
        await FailAsync();

        string shown = await CliScene.GoodAsync("update", "show", "demo");

        foreach (string line in (string[])
        [
            "sentence  failed `slot-write`, the spare slot cannot be written: input/output",
            "          error at byte 4096",
            "at step   write-slot",
            "cause     input/output error at byte 4096",
            "to do     look at the kernel log",
            "device    demo, genericx86-64, runs 1.0.0, kernel 6.12.0, last seen",
            "log       line 2",
            "log       line 11",
        ])
            Assert.Contains(line, shown, StringComparison.Ordinal);
        Assert.DoesNotContain("log       line 1\n", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_data_of_an_attempt_has_its_findings()
    {
        await FailAsync();

        var view = JsonSerializer.Deserialize(await CliScene.GoodAsync("update", "show", "demo", "--json"), WireJson.Default.AttemptView)!;

        Assert.Equal((AttemptStates.Failed, "write-slot"), (view.Report.State, view.Findings?.Step));
    }

    [Fact]
    public async Task A_bundle_is_written_to_a_file()
    {
        await FailAsync();

        await CliScene.GoodAsync("update", "bundle", "demo", "--out", _scene!.At("demo.tar.gz"));

        byte[] gzip = [0x1F, 0x8B];
        Assert.Equal(gzip, (await File.ReadAllBytesAsync(_scene.At("demo.tar.gz")))[..2]);
    }

    private async Task FailAsync()
    {
        string attempt = await _scene!.BeginAsync();
        await _scene.LogAsync(attempt, string.Concat(Enumerable.Range(1, 11).Select(n => $"line {n}\n")));
        await _scene.ReportAsync(attempt, new AttemptReport
        {
            Serial = 1, State = AttemptStates.Failed, ErrorCode = "slot-write", Message = "cannot write slot resin-rootB: input/output error at byte 4096; look at the kernel log",
            Steps = [new StepReport("check-device", "done", 1), new StepReport("write-slot", "failed", 9)],
        });
    }
}
