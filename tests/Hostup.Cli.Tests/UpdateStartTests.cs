using System.Text.Json;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

/// <summary>hostup update start shows what it costs and asks, when somebody sits there.</summary>
[Collection(CliScene.Name)]
public sealed class UpdateStartTests : IAsyncLifetime
{
    private static readonly string[] Start = ["update", "start", "demo", "--to", CliScene.Release];
    private CliScene? _scene;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public async Task Whoever_says_yes_has_seen_what_it_costs()
    {
        var run = await CommandRun.TypedAsync("y\n", Start);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("update      demo: 1.0.0 -> 2.0.0", run.Error, StringComparison.Ordinal);
        Assert.Contains("in all      at most ", run.Error, StringComparison.Ordinal);
        Assert.Contains("time        unknown: no update of this device was measured", run.Error, StringComparison.Ordinal);
        Assert.EndsWith("Start it? [y/N] ", run.Error, StringComparison.Ordinal);
        Assert.NotNull((await CliScene.ShowAsync()).OpenAttempt);
    }

    [Theory]
    [InlineData("n\n")]
    [InlineData("\n")]
    [InlineData("")]
    public async Task Everything_but_yes_starts_nothing(string typed)
    {
        var run = await CommandRun.TypedAsync(typed, Start);

        Assert.Equal(4, run.ExitCode);
        Assert.EndsWith("not started\n", run.Error, StringComparison.Ordinal);
        Assert.Null((await CliScene.ShowAsync()).OpenAttempt);
    }

    [Fact]
    public async Task A_question_ends_when_it_is_interrupted()
    {
        using var interrupt = new CancellationTokenSource();
        using var nobody = new NobodyTypes();
        var asked = new Terminal(nobody, TextWriter.Null, TextWriter.Null).AskAsync("Start it?", interrupt.Token);

        await interrupt.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
    }

    [Fact]
    public async Task With_yes_nobody_is_asked()
    {
        var run = await CommandRun.TypedAsync("", [.. Start, "--yes", "--json"]);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.NotNull(JsonSerializer.Deserialize(run.Output, WireJson.Default.AttemptView));
    }

    [Fact]
    public async Task A_script_is_not_asked()
    {
        Assert.StartsWith("attempt ", await CliScene.GoodAsync(Start), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_estimate_is_shown_without_a_start()
    {
        string shown = await CliScene.GoodAsync("update", "estimate", "demo", "--to", CliScene.Release);
        var data = JsonSerializer.Deserialize(await CliScene.GoodAsync("update", "estimate", "demo", "--to", CliScene.Release, "--json"), WireJson.Default.UpdateEstimate)!;

        Assert.StartsWith("update      demo: 1.0.0 -> 2.0.0\nimage       ", shown, StringComparison.Ordinal);
        Assert.True(data.ImageBytes > 0);
        Assert.Null((await CliScene.ShowAsync()).OpenAttempt);
    }

    /// <summary>A terminal whose read does not end when it is interrupted.</summary>
    private sealed class NobodyTypes : TextReader
    {
        public override ValueTask<string?> ReadLineAsync(CancellationToken cancellationToken) => new(new TaskCompletionSource<string?>().Task);
    }
}
