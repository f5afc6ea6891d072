using System.Text.Json;
using Hostup.Core.Wire;

namespace Hostup.Cli.Tests;

/// <summary>hostup target against a real server.</summary>
[Collection(CliScene.Name)]
public sealed class TargetCommandTests : IAsyncLifetime
{
    private CliScene? _scene;

    public async ValueTask InitializeAsync() => _scene = await CliScene.StartAsync();

    public ValueTask DisposeAsync() => _scene!.DisposeAsync();

    [Fact]
    public async Task A_target_is_declared_shown_and_set_back()
    {
        Assert.Equal(1, (await CommandRun.OfAsync("target", "show", "demo")).ExitCode);

        string set = await CliScene.GoodAsync("target", "set", "demo", "--to", CliScene.Release, "--why", "kernel fix");

        Assert.Matches(@"^2\.0\.0, declared \d{4}-\d\d-\d\d \d\d:\d\dZ by ""made at first start"": kernel fix\n$", set);
        Assert.Equal(set, await CliScene.GoodAsync("target", "show", "demo"));
        Assert.Equal("kernel fix", JsonSerializer.Deserialize(await CliScene.GoodAsync("target", "show", "demo", "--json"), WireJson.Default.DeclaredTarget)!.Why);
        Assert.Contains("target       2.0.0, declared 2", await CliScene.GoodAsync("device", "show", "demo"), StringComparison.Ordinal);
        await CliScene.GoodAsync("target", "clear", "demo");
        Assert.Contains("target       none; it stays at what it runs", await CliScene.GoodAsync("device", "show", "demo"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_update_says_why_it_was_started()
    {
        await CliScene.GoodAsync("update", "start", "demo", "--to", CliScene.Release, "--why", "asked for");

        Assert.Equal("asked for", (await CliScene.ShowAsync()).Target?.Why);
    }
}
