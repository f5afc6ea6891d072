using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.Processes;
using Hostup.Updates.Config;

namespace Hostup.Device.Tests.Agent;

/// <summary>The product's agent on a simulated device, and a server on a real socket that has an update for it.</summary>
internal sealed class AgentScene : IAsyncDisposable
{
    public static readonly string Attempt = new('a', 32);
    private readonly OsBuilder _builder = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);

    public Impostor Server { get; } = new();

    public SimDevice Sim { get; private set; } = null!;

    public AgentWake Wake { get; } = new(TimeProvider.System);

    /// <summary>Put before what the agent keeps beside the ports.</summary>
    public DirectoryInfo Root { get; } = Directory.CreateTempSubdirectory("hostup-agent-");

    public ServerLink Link { get; private set; } = null!;

    public AgentLoop Agent { get; private set; } = null!;

    /// <summary>What the server asks for.</summary>
    public DeviceTarget Target { get; private set; } = null!;

    /// <summary>What the server was told last of the attempt.</summary>
    public AttemptReport Told => JsonSerializer.Deserialize(Server.Sent[Report], WireJson.Default.AttemptReport)!;

    public int Polls => Requests("device/v1/poll");

    private static string Report => $"device/v1/attempts/{Attempt}";

    public static async Task<AgentScene> MakeAsync()
    {
        var scene = new AgentScene();
        await scene.SetUpAsync();
        return scene;
    }

    public async ValueTask DisposeAsync()
    {
        Link.Dispose();
        Wake.Dispose();
        _connections.Dispose();
        await Server.DisposeAsync();
        _builder.Dispose();
        Root.Delete(recursive: true);
    }

    /// <summary>Requests to paths that begin so.</summary>
    public int Requests(string path) => Server.Requests.Count(r => r.StartsWith(path, StringComparison.Ordinal));

    /// <summary>An agent that was just started, and looks for its server there.</summary>
    public void Start(Uri server)
    {
        Link?.Dispose();
        Link = new ServerLink(_connections, server, Victim.Key);
        Agent = new AgentLoop(new ThisDevice(Sim.Device, new CommandRunner(Root.FullName), Root.FullName), DeviceConfig.Load(Sim.Files), Link, Wake);
    }

    /// <summary>Turns of the agent, and its pauses between them, for so long.</summary>
    public async Task<IReadOnlyList<TimeSpan>> PassAsync(TimeSpan time)
    {
        var pauses = new List<TimeSpan>();
        for (var end = Sim.Ports.Now + time; Sim.Ports.Now < end; Sim.Ports.Now += pauses[^1])
            pauses.Add((await Agent.TurnAsync(default))!.Value);
        return pauses;
    }

    /// <summary>The service manager says this of the update's unit; it runs none.</summary>
    public void Unit(string state)
    {
        Directory.CreateDirectory(Root.FullName + "/usr/bin");
        string program = Root.FullName + "/usr/bin/systemctl";
        File.Delete(program);
        File.WriteAllText(program, $"#!/bin/sh\necho {state}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private async Task SetUpAsync()
    {
        var release = SimRelease.Make("2.101.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        Sim = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson()), release);
        var config = new JsonObject { ["uuid"] = AwayDevice.Uuid, ["apiEndpoint"] = Server.Base.ToString(), ["deviceApiKey"] = Victim.Key, ["deviceType"] = "sim-device" };
        Sim.Boot.Provision(ConfigFile.FilePath, Encoding.UTF8.GetBytes(config.ToJsonString()));
        byte[] manifest = _builder.Sign(_builder.Manifest(release, await _builder.BuildAsync(release), sequence: 5));
        Target = new DeviceTarget { AttemptId = Attempt, Version = "2.101.0", ReleaseEnvelope = Server.Envelope(manifest), Updater = Server.Updater(_builder, "x"u8.ToArray()) };
        Server.Files["device/v1/state"] = "{}"u8.ToArray();
        Server.Files[Report] = "{\"cancel\":false}"u8.ToArray();
        Server.Poll = new PollAnswer(900, Target);
        Unit("inactive");
        Start(Server.Base);
    }
}
