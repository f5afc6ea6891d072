using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Wire;
using Hostup.Server;
using Microsoft.Extensions.Logging;

namespace Hostup.Cli.Tests;

/// <summary>A real server with one release and one device, and the program that is logged in to it. Tests with it are in collection <see cref="Name"/>: credentials are looked up by an environment variable.</summary>
internal sealed class CliScene : IAsyncDisposable
{
    public const string Name = "credentials";
    public const string Release = "2.0.0";
    private readonly string _folder;

    private CliScene(string folder) => _folder = folder;

    public required ServerHost Server { get; init; }

    public required HttpClient Device { get; init; }

    public static async Task<CliScene> StartAsync()
    {
        string folder = Directory.CreateTempSubdirectory("hostup-cli-scene-").FullName;
        var server = await ServerHost.StartAsync(new ServerOptions { DataDirectory = Path.Combine(folder, "data"), Urls = "http://127.0.0.1:0", LogLevel = LogLevel.Warning }, CancellationToken.None);
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", Path.Combine(folder, "config"));
        await GoodWithAsync(await File.ReadAllTextAsync(server.OperatorKeyFile), "login", server.Address.ToString(), "--key", "-");
        await PublishAsync(folder);
        return new CliScene(folder) { Server = server, Device = await RegisterAsync(server) };
    }

    public async ValueTask DisposeAsync()
    {
        Device.Dispose();
        await Server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A file of this scene.</summary>
    public string At(string name) => Path.Combine(_folder, name);

    /// <summary>Starts an update and lets the device take it up.</summary>
    /// <returns>The attempt.</returns>
    public async Task<string> BeginAsync()
    {
        await GoodAsync("update", "start", "demo", "--to", Release);
        return (await Device.GetFromJsonAsync("device/v1/poll", WireJson.Default.PollAnswer))!.Target!.AttemptId;
    }

    /// <summary>The device reports on an attempt.</summary>
    public async Task ReportAsync(string attempt, AttemptReport report) =>
        (await Device.PutAsJsonAsync($"device/v1/attempts/{attempt}", report, WireJson.Default.AttemptReport)).EnsureSuccessStatusCode();

    /// <summary>The device adds to the log of an attempt.</summary>
    public async Task LogAsync(string attempt, string text, long offset = 0) =>
        (await Device.PutAsync($"device/v1/attempts/{attempt}/log?offset={offset}", new StringContent(text))).EnsureSuccessStatusCode();

    public static async Task<DeviceView> ShowAsync() => JsonSerializer.Deserialize(await GoodAsync("device", "show", "demo", "--json"), WireJson.Default.DeviceView)!;

    /// <summary>Runs a command that must succeed.</summary>
    /// <returns>Its output.</returns>
    public static Task<string> GoodAsync(params string[] args) => GoodWithAsync("", args);

    private static async Task<string> GoodWithAsync(string input, params string[] args)
    {
        var run = await CommandRun.WithInputAsync(input, args);
        Assert.True(run.ExitCode == 0, $"hostup {string.Join(' ', args)}: {run.ExitCode} {run.Error}");
        return run.Output;
    }

    private static async Task PublishAsync(string folder)
    {
        string layout = Path.Combine(folder, "layout"), key = Path.Combine(folder, "key"), envelope = Path.Combine(folder, "release.dsse");
        await TestImage.WriteAsync(layout, Release);
        await GoodAsync("key", "new", "--role", "release", "--out", key);
        await GoodAsync("release", "sign", "--image", layout, "--key", key, "--device-type", "genericx86-64", "--sequence", "1", "--out", envelope);
        await GoodAsync("release", "publish", envelope, "--image", envelope + ".image");
    }

    /// <summary>A device on whose running slot is another image than that of the release.</summary>
    private static async Task<HttpClient> RegisterAsync(ServerHost server)
    {
        using var client = Client(server, (await GoodAsync("provisioning-key", "new")).Trim());
        var answer = await client.PostAsJsonAsync("device/v1/register", new RegisterRequest(Guid.NewGuid().ToString("N"), "genericx86-64", "demo"), WireJson.Default.RegisterRequest);
        var device = Client(server, (await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer))!.DeviceKey);
        var state = new DeviceStateReport { OsVersion = "1.0.0", AgentVersion = "0.1.0", Kernel = "6.12.0", RunningSlot = "resin-rootA", Slots = [new SlotReport("resin-rootA", "1.0.0", Digest.Of("old"u8), Digest.Of("old tree"u8))] };
        (await device.PutAsJsonAsync("device/v1/state", state, WireJson.Default.DeviceStateReport)).EnsureSuccessStatusCode();
        return device;
    }

    private static HttpClient Client(ServerHost server, string key) =>
        new() { BaseAddress = server.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
}
