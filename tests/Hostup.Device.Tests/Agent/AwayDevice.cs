using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Updates.Account;
using Hostup.Updates.Config;
using Hostup.Updates.Ports;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>
/// A device with the product's agent parts and update, real sockets to its server and to the registry of its image, and simulated media. Its agent tries to report
/// whenever the image is asked for, and each agent is a new one, as after a reboot.
/// </summary>
internal sealed class AwayDevice : IDisposable
{
    public const string Uuid = "0123456789abcdef0123456789abcdef";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-away-");
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly List<SourceLink> _links = [];
    private readonly Uri _server;

    public AwayDevice(TrustList trust, SimRelease to, Uri server, string provisioningKey)
    {
        _server = server;
        Sim = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: trust.ToJson()), to);
        var config = new JsonObject { ["uuid"] = Uuid, ["apiEndpoint"] = server.ToString(), ["apiKey"] = provisioningKey };
        Sim.Boot.Provision(ConfigFile.FilePath, Encoding.UTF8.GetBytes(config.ToJsonString()));
    }

    public SimDevice Sim { get; }

    /// <summary>The data partition's folder, with the logs.</summary>
    public string Data => _folder.FullName;

    /// <summary>Where logs lie in memory.</summary>
    public string Memory => _folder.FullName + "/memory";

    /// <summary>What came of each report that was tried while the image was fetched; null: it was taken.</summary>
    public List<HostupErrorCode?> TriedMeanwhile { get; } = [];

    public void Dispose()
    {
        _links.ForEach(l => l.Dispose());
        _connections.Dispose();
        _folder.Delete(recursive: true);
    }

    public async Task RegisterAsync()
    {
        var config = DeviceConfig.Load(Sim.Files);
        using var link = new ServerLink(_connections, _server, deviceKey: null);
        var answer = await link.RegisterAsync(config.ProvisioningKey!, new RegisterRequest(Uuid, "sim-device", null), default);
        config.SaveRegistration(answer.Uuid, answer.DeviceKey);
    }

    /// <summary>One agent, from its start to its end.</summary>
    public async Task<T> AgentAsync<T>(Func<ServerLink, AttemptReporting, Task<T>> work)
    {
        using var link = new ServerLink(_connections, _server, DeviceConfig.Load(Sim.Files).DeviceKey);
        var meter = new AttemptMeter(link, new AgentAccount(Sim.Files, Sim.Ports, Sim.Ports, Sim.Ports));
        return await work(link, new AttemptReporting(Sim.Device, link, meter, Documents(link)));
    }

    /// <summary>What an agent sends beside its reports.</summary>
    public AttemptDocuments Documents(ServerLink link) => new(link, Sim.Files, Data, Memory);

    /// <summary>The log of an attempt, as it lies here.</summary>
    public string ReadLog(string attempt) => string.Concat(LogPiece.Of(attempt, Data, Memory).Select(p => Encoding.UTF8.GetString(p.Lines.Span)));

    /// <summary>An agent's one report.</summary>
    /// <returns>Why it failed; null: it did not. And the bytes that it sent.</returns>
    public Task<(HostupErrorCode? Error, long Sent)> ReportAsync() => AgentAsync(async (link, reporting) => (await TryAsync(reporting), link.Wire.Sent));

    /// <summary>Polls, and takes what it is to do.</summary>
    public async Task<DeviceTarget> TakeTargetAsync()
    {
        var trust = new DeviceTrust(Sim.Files);
        return await AgentAsync(async (link, _) =>
        {
            var target = (await link.PollAsync(default)).Target!;
            var (file, _) = await new TargetIntake(link, new UpdaterStore(link, trust, Data), trust).TakeAsync(target, default);
            var (release, _) = SignedRelease.Verify(Sim.Device, file.Envelope);
            Sim.Target = new SimTarget(release, target.Reinstall) { AttemptId = target.AttemptId, Envelope = file.Envelope, FallbackRegistries = target.FallbackRegistries };
            Sim.Sources = [Source("registry", _server, target), .. target.FallbackRegistries.Select(f => Source("fallback", new Uri(f), target))];
            return target;
        });
    }

    /// <summary>Runs it until it rests: through the update, the reboot and the trial.</summary>
    public async Task RunAsync()
    {
        using var log = new RunLog(Sim.Target.AttemptId, Data, Memory);
        Sim.Ports.Meanwhile = log.Line;
        await Sim.RunAsync();
        Sim.Ports.Meanwhile = null;
    }

    private AskedSource Source(string name, Uri registry, DeviceTarget target)
    {
        var link = new SourceLink(target.Policy, TimeProvider.System, connections: _connections);
        _links.Add(link);
        return new AskedSource(new RegistrySource(name, link, registry, null, null), async () => TriedMeanwhile.Add((await ReportAsync()).Error));
    }

    private static async Task<HostupErrorCode?> TryAsync(AttemptReporting reporting)
    {
        try
        {
            await reporting.ReportAsync(progress: null, default);
            return null;
        }
        catch (HostupException e)
        {
            return e.Code;
        }
    }

    /// <summary>A source; something else happens whenever it is opened.</summary>
    private sealed class AskedSource(IHostAppSource source, Func<Task> meanwhile) : IHostAppSource
    {
        public string Name => source.Name;

        public string Host => source.Host;

        public CauseBytes Bytes => source.Bytes;

        public CauseBytes Retried => source.Retried;

        public void Discard() => source.Discard();

        public ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct) => source.ProbeAsync(release, ct);

        public async ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct)
        {
            await meanwhile();
            return await source.OpenAsync(release, from, ct);
        }
    }
}
