using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

/// <summary>hostup device logs against a real server.</summary>
[Collection(CliScene.Name)]
public sealed class DeviceLogsTests : IAsyncLifetime
{
    private CliScene? _scene;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public async Task The_log_so_far_is_printed()
    {
        string attempt = await _scene!.BeginAsync();
        await _scene.LogAsync(attempt, "one\ntwo\n");

        Assert.Equal("one\ntwo\n", await CliScene.GoodAsync("device", "logs", "demo"));
    }

    [Fact]
    public async Task A_followed_log_is_printed_as_it_comes_in_until_the_update_has_ended()
    {
        string attempt = await _scene!.BeginAsync();
        await _scene.LogAsync(attempt, "öne\n");

        var followed = CommandRun.OfAsync("device", "logs", "demo", "-f");
        await _scene.LogAsync(attempt, "two\n", offset: 5);
        await _scene.LogAsync(attempt, "three\n", offset: 9);
        await _scene.ReportAsync(attempt, new AttemptReport { Serial = 1, State = AttemptStates.Committed });
        var run = await followed;

        Assert.Equal((0, "öne\ntwo\nthree\n"), (run.ExitCode, run.Output));
    }

    [Fact]
    public async Task A_device_without_an_update_has_no_log() => Assert.Contains("it never had one", (await CommandRun.OfAsync("device", "logs", "demo")).Error, StringComparison.Ordinal);
}
