using System.Diagnostics;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Server;
using Microsoft.Extensions.Logging;

namespace Hostup.Cli.Tests;

/// <summary>The program against a real server: from an empty one to an updated device.</summary>
[Collection(CliScene.Name)]
public sealed class ServerCommandTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-cli-server-").FullName;
    private ServerHost? _server;

    public async ValueTask InitializeAsync()
    {
        _server = await ServerHost.StartAsync(new ServerOptions { DataDirectory = At("data"), Urls = "http://127.0.0.1:0", LogLevel = LogLevel.Warning }, CancellationToken.None);
        // the stored file goes to this test's folder; who else in this assembly asks for credentials is in the same collection
        Environment.SetEnvironmentVariable("XDG_CONFIG_HOME", At("config"));
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task From_an_empty_server_to_an_updated_device()
    {
        Assert.Contains("[bad-config]", (await CommandRun.OfAsync("device", "list")).Error, StringComparison.Ordinal);
        var refused = await CommandRun.OfAsync("login", _server!.Address.ToString(), "--key", "hko_wrong");
        Assert.Contains("[unauthorized]", refused.Error, StringComparison.Ordinal);
        await GoodAsync(await File.ReadAllTextAsync(_server.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        using var device = await RegisterAsync("demo");

        var started = CommandRun.OfAsync("update", "start", "demo", "--to", "2.0.0", "--wait", "--json");
        var attempt = await CarryOutAsync(device, AttemptStates.Committed, null);
        var run = await started;

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("1.0.0 -> 2.0.0", run.Error, StringComparison.Ordinal);
        Assert.Equal(attempt, JsonDocument.Parse(run.Output).RootElement.GetProperty("id").GetString());
        Assert.Contains("committed", (await GoodAsync("", "update", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Contains("1.0.0", (await GoodAsync("", "device", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Contains("2.0.0", (await GoodAsync("", "release", "list")).Output, StringComparison.Ordinal);
        Assert.Contains($"  {attempt}\n", (await GoodAsync("", "release", "outcomes", "2.0.0")).Output, StringComparison.Ordinal);
        Assert.Equal("1.0.0", JsonDocument.Parse((await GoodAsync("", "updater", "list", "--json")).Output).RootElement.GetProperty("items")[0].GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_release_on_the_server_can_be_either_side_of_a_delta()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        var release = ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"))).UnverifiedPayload.Span);

        var built = await GoodAsync("", "delta", "build", "--from", "release:2.0.0", "--to", "release:2.0.0", "--out", At("same.hupdelta"), "--json");
        var missing = await CommandRun.OfAsync("delta", "build", "--from", "release:9.9.9", "--to", "release:2.0.0", "--out", At("none.hupdelta"));

        var report = JsonDocument.Parse(built.Output).RootElement;
        Assert.Equal((release.TreeDigest.ToString(), release.TreeDigest.ToString()), (report.GetProperty("from").GetString(), report.GetProperty("to").GetString()));
        Assert.Contains("[not-found]", missing.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(AttemptStates.RolledBack, "rollback-health", 1)]
    [InlineData(AttemptStates.Refused, "boot-space", 3)]
    [InlineData(AttemptStates.Cancelled, null, 4)]
    public async Task The_outcome_of_a_followed_update_is_the_exit_code(string state, string? code, int exit)
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        using var device = await RegisterAsync("demo");

        var started = CommandRun.OfAsync("update", "start", "demo", "--to", "2.0.0", "--wait");
        await CarryOutAsync(device, state, code);
        var run = await started;

        Assert.Equal(exit, run.ExitCode);
        Assert.Contains($"state     {state}", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Following_ends_at_the_timeout_with_75_and_cancel_is_told()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        using var device = await RegisterAsync("demo");

        Assert.Equal(75, (await CommandRun.OfAsync("update", "start", "demo", "--to", "2.0.0", "--override-locks", "--wait", "--timeout", "1")).ExitCode);
        Assert.Contains("(locks overridden)", (await GoodAsync("", "update", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Contains("asked not to wait", (await GoodAsync("", "update", "override-locks", "demo")).Output, StringComparison.Ordinal);
        Assert.Contains("ended: cancelled", (await GoodAsync("", "update", "cancel", "demo")).Output, StringComparison.Ordinal);
        Assert.Equal(3, (await CommandRun.OfAsync("update", "cancel", "demo")).ExitCode);
        await GoodAsync("", "release", "invalidate", "2.0.0", "--reason", "bad");
        Assert.Equal(3, (await CommandRun.OfAsync("update", "start", "demo", "--to", "2.0.0")).ExitCode);
        Assert.Equal(1, (await CommandRun.OfAsync("update", "start", "demo", "--to", "9.9.9")).ExitCode);
    }

    [Fact]
    public async Task A_policy_is_said_for_all_for_one_and_for_an_attempt_and_an_attempt_is_applied()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        using var device = await RegisterAsync("demo");

        Assert.Contains("nothing is said here", (await GoodAsync("", "policy", "show")).Output, StringComparison.Ordinal);
        await GoodAsync("", "policy", "set", "--poll-interval", "7200", "--metered", "wait");
        await GoodAsync("", "policy", "set", "demo", "--download-window", "22:00-04:00 Europe/Berlin", "--byte-budget", "80");
        string set = (await GoodAsync("", "policy", "set", "demo", "--rate-limit", "30", "--download-window", "any")).Output;
        Assert.Equal(["fetches at any time", "at most 30.0 KiB a second", "at most 80.0 MiB an attempt"], set.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        await GoodAsync("", "update", "start", "demo", "--to", "2.0.0", "--download-only", "--reboot-window", "02:00-03:00");

        var poll = (await device.GetFromJsonAsync("device/v1/poll", WireJson.Default.PollAnswer))!;
        Assert.Equal(7200, poll.IntervalSeconds);
        Assert.Equal(new UpdatePolicy { DownloadOnly = true, RebootWindow = "02:00-03:00", BytesPerSecond = 30 << 10, ByteBudget = 80 << 20, WaitsWhileMetered = true }, poll.Target!.Policy);
        await GoodAsync("", "update", "apply", "demo");
        var applied = (await device.GetFromJsonAsync("device/v1/poll", WireJson.Default.PollAnswer))!.Target!.Policy;
        Assert.Equal((false, "02:00-03:00"), (applied.DownloadOnly, applied.RebootWindow));
        await GoodAsync("", "update", "set", "demo", "--reboot-window", "any", "--patience", "60");
        Assert.Contains("policy       at most 80.0 MiB an attempt", (await GoodAsync("", "device", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Contains("policy    fails after 00:01:00 without progress", (await GoodAsync("", "update", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Equal(2, (await CommandRun.OfAsync("policy", "set", "demo", "--reboot-window", "at night")).ExitCode);
        Assert.Contains("nothing is said here", (await GoodAsync("", "policy", "set", "demo", "--clear")).Output, StringComparison.Ordinal);
    }

    [Fact, Trait("Needs", "docker")]
    public async Task Skopeo_pulls_a_framed_image_from_our_endpoint_and_gets_what_was_signed()
    {
        const string skopeo = "/usr/bin/skopeo";
        if (!File.Exists(skopeo))
            Assert.Skip("needs skopeo");
        string key = (await File.ReadAllTextAsync(_server!.OperatorKeyFile)).Trim();
        await GoodAsync(key, "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        var release = ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"))).UnverifiedPayload.Span);

        using var copy = Process.Start(new ProcessStartInfo(skopeo,
            ["copy", "--src-creds", $"operator:{key}", "--src-tls-verify=false", "--preserve-digests", $"docker://{_server.Address.Authority}/{release.Image.Repository}@{release.Image.Digest}", $"oci:{At("pulled")}:v1"])
        { RedirectStandardError = true })!;
        string said = await copy.StandardError.ReadToEndAsync();
        await copy.WaitForExitAsync();

        Assert.True(copy.ExitCode == 0, said);
        var pulled = await OciLayout.Open(At("pulled")).LoadAsync("v1", OciPlatform.LinuxAmd64, default);
        Assert.Equal(release.Image.Digest, pulled.Digest);
        Assert.Equal(release.Image.Layers.Select(l => (l.Digest, l.Size)), pulled.Layers.Select(l => (l.Blob.Digest, l.Blob.Size)));
        Assert.All(release.Image.Layers, l => Assert.NotEmpty(l.Members));
    }

    [Fact]
    public async Task The_account_of_the_last_update_is_shown_with_the_device()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await PublishAsync();
        using var device = await RegisterAsync("demo");
        await GoodAsync("", "update", "start", "demo", "--to", "2.0.0");

        await CarryOutAsync(device, AttemptStates.Committed, null);

        string shown = (await GoodAsync("", "device", "show", "demo")).Output;
        Assert.Contains("last update  to 2.0.0: committed", shown, StringComparison.Ordinal);
        Assert.Contains("bytes        registry           in 5 B, out 2 B", shown, StringComparison.Ordinal);
        Assert.Contains("bytes        unexplained        in 1 B, out 0 B", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_delta_is_asked_for_followed_and_listed()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await GoodAsync("", "key", "new", "--role", "release", "--out", At("key"));
        byte[] program = new byte[60_000];
        new Random(1).NextBytes(program);
        await PublishAsync("1.0.0", 1, program);
        program[30_000] ^= 1;
        await PublishAsync("2.0.0", 2, program);
        new Random(2).NextBytes(program);
        await PublishAsync("3.0.0", 3, program);

        var asked = await GoodAsync("", "delta", "request", "--from", "1.0.0", "--to", "2.0.0", "--wait", "--timeout", "600", "--json");
        string id = JsonDocument.Parse(asked.Output).RootElement.GetProperty("id").GetString()!;
        Assert.Equal("ready", JsonDocument.Parse(asked.Output).RootElement.GetProperty("state").GetString());
        Assert.Contains("ready", asked.Error, StringComparison.Ordinal);
        Assert.Contains($"delta     1.0.0 -> 2.0.0  ({id})", (await GoodAsync("", "delta", "request", "--from", "1.0.0", "--to", "2.0.0")).Output, StringComparison.Ordinal);

        var refused = await CommandRun.OfAsync("delta", "request", "--from", "2.0.0", "--to", "3.0.0", "--wait");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("state     not-worth", refused.Output, StringComparison.Ordinal);
        string list = (await GoodAsync("", "delta", "list")).Output;
        Assert.Matches(@"2\.0\.0 +3\.0\.0 +genericx86-64 +not-worth .*\n1\.0\.0 +2\.0\.0 +genericx86-64 +ready ", list);
        Assert.Equal(id, JsonDocument.Parse((await GoodAsync("", "delta", "list", "--json")).Output).RootElement.GetProperty("items")[1].GetProperty("id").GetString());
        Assert.Equal(1, (await CommandRun.OfAsync("delta", "request", "--from", "1.0.0", "--to", "9.9.9")).ExitCode);
        Assert.Equal(2, (await CommandRun.OfAsync("delta", "request", "--from", "1.0.0", "--to", "1.0.0")).ExitCode);
    }

    [Fact]
    public async Task Fleets_keys_users_organisations_and_the_audit_log_are_there_on_the_command_line()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        using var device = await RegisterAsync("demo");

        Assert.Contains("made fleet trucks", (await GoodAsync("", "fleet", "new", "trucks")).Output, StringComparison.Ordinal);
        Assert.Contains("in fleet trucks", (await GoodAsync("", "device", "set-fleet", "demo", "trucks")).Output, StringComparison.Ordinal);
        Assert.Contains("demo", (await GoodAsync("", "device", "list", "--fleet", "trucks")).Output, StringComparison.Ordinal);
        Assert.Contains("fleet        trucks", (await GoodAsync("", "device", "show", "demo")).Output, StringComparison.Ordinal);
        Assert.Matches("trucks +1 ", (await GoodAsync("", "fleet", "list")).Output);
        string observer = (await GoodAsync("", "operator-key", "new", "--role", "observer", "--fleet", "trucks", "--description", "wall")).Output.Trim();
        Assert.StartsWith("hko_", observer, StringComparison.Ordinal);
        Assert.Matches("observer +trucks +never +wall", (await GoodAsync("", "operator-key", "list")).Output);
        Assert.Contains("/invitation?token=", (await GoodAsync("", "user", "new", "anna", "--role", "operator")).Output, StringComparison.Ordinal);
        Assert.Matches("anna +operator +all .*no password yet", (await GoodAsync("", "user", "list")).Output);
        Assert.StartsWith("hko_", (await GoodAsync("", "organisation", "new", "acme")).Output, StringComparison.Ordinal);
        Assert.Matches("default +default .*this one", (await GoodAsync("", "organisation", "list")).Output);
        Assert.Matches(@"made at first start +device\.set-fleet +done +device [0-9a-f]{32} \(in fleet trucks\)", (await GoodAsync("", "audit", "list")).Output);
        Assert.Contains("more with --after", (await GoodAsync("", "audit", "list", "--limit", "1")).Output, StringComparison.Ordinal);
        Assert.Contains("let in no more", (await GoodAsync("", "user", "end", "anna")).Output, StringComparison.Ordinal);

        await GoodAsync(observer, "login", _server.Address.ToString(), "--key", "-");
        Assert.Contains("demo", (await GoodAsync("", "device", "list")).Output, StringComparison.Ordinal);
        var refused = await CommandRun.OfAsync("device", "retire", "demo");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("[forbidden]", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_told_from_a_release_and_no_device_gets_it_before_it_is_offered()
    {
        await GoodAsync(await File.ReadAllTextAsync(_server!.OperatorKeyFile), "login", _server.Address.ToString(), "--key", "-");
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        await GoodAsync("", "key", "new", "--role", "release", "--out", At("key"));
        await GoodAsync("", "release", "sign", "--image", At("layout"), "--key", At("key"), "--device-type", "genericx86-64", "--sequence", "1", "--out", At("release.dsse"));
        Assert.EndsWith(", a draft\n", (await GoodAsync("", "release", "publish", At("release.dsse"), "--image", At("release.dsse.image"), "--draft")).Output, StringComparison.Ordinal);
        using var device = await RegisterAsync("demo");

        Assert.Contains("draft", (await GoodAsync("", "release", "list")).Output, StringComparison.Ordinal);
        var refused = await CommandRun.OfAsync("update", "start", "demo", "--to", "2.0.0");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("hostup release offer", refused.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("draft", (await GoodAsync("", "release", "offer", "2.0.0")).Output, StringComparison.Ordinal);
        await GoodAsync("", "update", "start", "demo", "--to", "2.0.0");
        await CarryOutAsync(device, AttemptStates.Committed, null);

        Assert.Contains("registry", (await GoodAsync("", "device", "bytes", "demo")).Output, StringComparison.Ordinal);
    }

    /// <summary>Signs and publishes a release whose image has this program.</summary>
    private async Task PublishAsync(string version, int sequence, byte[] program)
    {
        await TestImage.WriteAsync(At("layout" + version), version, program);
        await GoodAsync("", "release", "sign", "--image", At("layout" + version), "--key", At("key"), "--device-type", "genericx86-64", "--sequence", $"{sequence}", "--out", At(version + ".dsse"));
        await GoodAsync("", "release", "publish", At(version + ".dsse"), "--image", At(version + ".dsse.image"));
    }

    private async Task PublishAsync()
    {
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        await File.WriteAllTextAsync(At("hostup-device"), "program");
        await GoodAsync("", "key", "new", "--role", "release", "--out", At("key"));
        await GoodAsync("", "release", "sign", "--image", At("layout"), "--key", At("key"), "--device-type", "genericx86-64", "--sequence", "1", "--out", At("release.dsse"));
        await GoodAsync("", "release", "publish", At("release.dsse"), "--image", At("release.dsse.image"));
        await GoodAsync("", "updater", "sign", At("hostup-device"), "--key", At("key"), "--version", "1.0.0", "--out", At("updater.dsse"));
        await GoodAsync("", "updater", "publish", At("hostup-device"), "--envelope", At("updater.dsse"));
    }

    private async Task<HttpClient> RegisterAsync(string name)
    {
        string key = (await GoodAsync("", "provisioning-key", "new")).Output.Trim();
        using var client = Client(key);
        var answer = await client.PostAsJsonAsync("device/v1/register", new RegisterRequest(Guid.NewGuid().ToString("N"), "genericx86-64", name), WireJson.Default.RegisterRequest);
        var device = Client((await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(WireJson.Default.RegisterAnswer))!.DeviceKey);
        (await device.PutAsJsonAsync("device/v1/state", new DeviceStateReport { OsVersion = "1.0.0", AgentVersion = "0.1.0", RunningSlot = "resin-rootA" }, WireJson.Default.DeviceStateReport)).EnsureSuccessStatusCode();
        return device;
    }

    /// <summary>A device that polls until it has a target and reports it to an end.</summary>
    private static async Task<string> CarryOutAsync(HttpClient device, string end, string? code)
    {
        DeviceTarget? target;
        do
            target = (await device.GetFromJsonAsync("device/v1/poll", WireJson.Default.PollAnswer))!.Target;
        while (target is null);
        var running = new AttemptReport { Serial = 1, State = AttemptStates.Downloading, StepBytesDone = 5, StepBytesTotal = 10, Steps = [new StepReport("write-slot", "started", 1)], Bytes = [new CauseBytes("registry", 5, 2), new CauseBytes("unexplained", 1, 0)] };
        await device.PutAsJsonAsync($"device/v1/attempts/{target.AttemptId}", running, WireJson.Default.AttemptReport);
        await device.PutAsJsonAsync($"device/v1/attempts/{target.AttemptId}", running with { Serial = 2, State = end, ErrorCode = code }, WireJson.Default.AttemptReport);
        return target.AttemptId;
    }

    private static async Task<CommandRun> GoodAsync(string input, params string[] args)
    {
        var run = await CommandRun.WithInputAsync(input, args);
        Assert.True(run.ExitCode == 0, $"hostup {string.Join(' ', args)}: {run.ExitCode} {run.Error}");
        return run;
    }

    private HttpClient Client(string key) => new() { BaseAddress = _server!.Address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };

    private string At(string name) => Path.Combine(_folder, name);
}
