using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.Processes;
using Hostup.Updates.Boot;
using Hostup.Updates.Config;
using Hostup.Updates.Files;

namespace Hostup.Device.Tests.Agent;

/// <summary>An agent on media that fail: it goes on, and its server hears why nothing happens.</summary>
public sealed class AgentLoopTests : IAsyncLifetime
{
    private static readonly string Attempt = new('a', 32);
    private readonly OsBuilder _builder = new();
    private readonly Impostor _server = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("hostup-agent-");
    private readonly AgentWake _wake = new(TimeProvider.System);
    private SimDevice _sim = null!;
    private ServerLink _link = null!;
    private AgentLoop _agent = null!;

    public async ValueTask InitializeAsync()
    {
        var release = SimRelease.Make("2.101.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        _sim = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson()), release);
        var config = new JsonObject { ["uuid"] = AwayDevice.Uuid, ["apiEndpoint"] = _server.Base.ToString(), ["deviceApiKey"] = Victim.Key, ["deviceType"] = "sim-device" };
        _sim.Boot.Provision(ConfigFile.FilePath, Encoding.UTF8.GetBytes(config.ToJsonString()));
        byte[] manifest = _builder.Sign(_builder.Manifest(release, await _builder.BuildAsync(release), sequence: 5));
        var target = new DeviceTarget { AttemptId = Attempt, Version = "2.101.0", ReleaseEnvelope = _server.Envelope(manifest), Updater = _server.Updater(_builder, "x"u8.ToArray()) };
        _server.Files["device/v1/state"] = "{}"u8.ToArray();
        _server.Files[Report] = "{\"cancel\":false}"u8.ToArray();
        _server.Poll = new PollAnswer(900, target);
        await NoUnitAsync();
        var device = new ThisDevice(_sim.Device, new CommandRunner(_root.FullName), _root.FullName);
        _link = new ServerLink(_connections, _server.Base, Victim.Key);
        _agent = new AgentLoop(device, DeviceConfig.Load(_sim.Files), _link, _wake);
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        _wake.Dispose();
        _connections.Dispose();
        await _server.DisposeAsync();
        _builder.Dispose();
        _root.Delete(recursive: true);
    }

    [Fact]
    public async Task An_updater_that_no_place_keeps_ends_the_attempt_with_its_reason_and_the_agent_polls_on()
    {
        await File.WriteAllTextAsync(_root.FullName + "/mnt", "no folder can be made here");
        await File.WriteAllTextAsync(_root.FullName + "/run", "nor here");

        Assert.NotNull(await _agent.TurnAsync(default));
        Assert.NotNull(await _agent.TurnAsync(default));

        Assert.Equal((AttemptStates.Failed, "medium"), (Told.State, Told.ErrorCode));
        Assert.StartsWith("cannot keep the updater: ", Told.Message, StringComparison.Ordinal);
        Assert.Equal(2, Polls);
    }

    [Theory]
    [InlineData(Places.Journal, "medium", "cannot tell whether an update is under way: ")]
    [InlineData(Places.State, "medium", "cannot tell whether an update is under way: ")]
    [InlineData(Places.Boot, "boot-environment", "cannot read boot environment ")]
    public async Task A_device_that_cannot_tell_where_it_stands_is_heard_of_and_begins_nothing(string unreadable, string code, string says)
    {
        _sim.Files.UnreadablePath = unreadable;

        Assert.NotNull(await _agent.TurnAsync(default));

        Assert.Equal((AttemptStates.Waiting, code), (Told.State, Told.ErrorCode));
        Assert.StartsWith(says, Told.Message, StringComparison.Ordinal);
        Assert.Equal(1, Polls);
        Assert.DoesNotContain(_server.Requests, r => r.StartsWith("device/v1/envelopes/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_it_runs_is_told_also_where_the_boot_partition_cannot_be_read()
    {
        _sim.Files.UnreadablePath = Places.Boot;

        await _agent.TurnAsync(default);

        Assert.Contains("2.100.0", _server.Sent["device/v1/state"], StringComparison.Ordinal);
        Assert.IsType<GrubEnvironment>(BootEnvironments.Find(_sim.Files, "", () => (2, 3)));
    }

    [Fact]
    public async Task A_state_partition_on_which_no_journal_can_be_made_is_no_end_of_the_agent()
    {
        _sim.Files.Delete(Places.Journal);
        _sim.Files.BrokenPath = Places.State;

        await _agent.RunAsync(new CancellationToken(canceled: true));

        Assert.Null(_sim.Files.Length(Places.Journal));
        Assert.NotNull(await _agent.TurnAsync(default));
        Assert.Equal(1, Polls);
    }

    private static string Report => $"device/v1/attempts/{Attempt}";

    private AttemptReport Told => JsonSerializer.Deserialize(_server.Sent[Report], WireJson.Default.AttemptReport)!;

    private int Polls => _server.Requests.Count(r => r.StartsWith("device/v1/poll", StringComparison.Ordinal));

    /// <summary>A service manager that runs no update.</summary>
    private async Task NoUnitAsync()
    {
        Directory.CreateDirectory(_root.FullName + "/usr/bin");
        string program = _root.FullName + "/usr/bin/systemctl";
        await File.WriteAllTextAsync(program, "#!/bin/sh\necho inactive\nexit 3\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}
