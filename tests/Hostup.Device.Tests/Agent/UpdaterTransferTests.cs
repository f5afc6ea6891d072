using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Versions;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Networks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>The updater on its way from the real server over a link that breaks.</summary>
public sealed class UpdaterTransferTests : IAsyncLifetime
{
    private const int Bytes = 3_000_000;
    private readonly OsBuilder _builder = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly byte[] _program = new byte[Bytes];
    private RealServer _server = null!;
    private AwayDevice _device = null!;
    private BadNetwork _network = null!;
    private UpdaterArtifact _updater = null!;

    public async ValueTask InitializeAsync()
    {
        new Random(3).NextBytes(_program);
        _server = await RealServer.StartAsync();
        var statement = new UpdaterStatement { Version = "9.9.9", Digest = Digest.Of(_program), Size = Bytes, Platform = ThisProgram.Platform };
        byte[] envelope = _builder.Sign(statement);
        (await _server.Operator.PutAsync($"/api/v1/updaters/programs/{statement.Digest}", new ByteArrayContent(_program))).EnsureSuccessStatusCode();
        await _server.PostAsync("/api/v1/updaters", envelope);
        _updater = new UpdaterArtifact("9.9.9", statement.Digest, Bytes, Digest.Of(envelope));
        _device = new AwayDevice(_builder.Trust(1), SimRelease.Make("2.101.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson()), _server.Address, await _server.ProvisioningKeyAsync());
        await _device.RegisterAsync();
        _network = new BadNetwork(_server.Address) { About = "/updaters/" };
    }

    public async ValueTask DisposeAsync()
    {
        _connections.Dispose();
        await _network.DisposeAsync();
        _device.Dispose();
        await _server.DisposeAsync();
        _builder.Dispose();
    }

    [Fact]
    public async Task What_breaks_in_the_middle_goes_on_there_in_the_next_process_and_every_byte_is_counted()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 1_000_000));
        _network.Faults.Enqueue(new(NetworkFaultKind.Status, 503));
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 500_000));
        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync())).Code);
        Assert.Equal(HostupErrors.ServerBusy, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync())).Code);
        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync())).Code);

        string path = await FetchAsync();

        Assert.Equal(_program, await File.ReadAllBytesAsync(path));
        Assert.Equal([0, 1_000_000, 1_000_000, 1_500_000], Transfers.Select(e => e.From));
        Assert.Equal(Bytes, Transfers.Sum(e => e.BodySent));
        Assert.Equal((_network.Sent, _network.Received), (_received, _sent));
    }

    [Fact]
    public async Task A_part_that_turns_out_wrong_is_thrown_away_and_fetched_from_the_beginning()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 1_000_000));
        await Assert.ThrowsAsync<HostupException>(() => FetchAsync());
        string part = Directory.EnumerateFiles(_device.Data, "*.new", SearchOption.AllDirectories).Single();
        await File.WriteAllBytesAsync(part, new byte[1_000_000]);

        Assert.Equal(HostupErrors.DigestMismatch, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync())).Code);
        string path = await FetchAsync();

        Assert.Equal(_program, await File.ReadAllBytesAsync(path));
        Assert.Equal([0, 1_000_000, 0], Transfers.Select(e => e.From));
    }

    [Fact]
    public async Task A_server_that_does_not_heed_ranges_gives_the_whole_and_it_comes_out_right()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 1_000_000));
        _network.Faults.Enqueue(new(NetworkFaultKind.RangeUnheeded));
        await Assert.ThrowsAsync<HostupException>(() => FetchAsync());

        Assert.Equal(_program, await File.ReadAllBytesAsync(await FetchAsync()));
    }

    [Fact]
    public async Task A_budget_that_it_would_exceed_is_not_begun_and_a_rate_is_kept()
    {
        Assert.Equal(HostupErrors.ByteBudget, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync(new UpdatePolicy { ByteBudget = Bytes }))).Code);
        Assert.Empty(Transfers);
        long began = TimeProvider.System.GetTimestamp();

        await FetchAsync(new UpdatePolicy { BytesPerSecond = Bytes });

        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromSeconds(0.8), $"{Bytes} bytes in {TimeProvider.System.GetElapsedTime(began)}");
    }

    [Fact]
    public async Task What_is_here_of_it_costs_nothing_of_the_budget()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 1_000_000));
        await Assert.ThrowsAsync<HostupException>(() => FetchAsync());

        string path = await FetchAsync(RestOnly);

        Assert.Equal(_program, await File.ReadAllBytesAsync(path));
    }

    [Fact]
    public async Task A_server_that_gives_the_whole_in_the_place_of_the_rest_does_not_exceed_the_budget()
    {
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 1_000_000));
        _network.Faults.Enqueue(new(NetworkFaultKind.RangeUnheeded));
        await Assert.ThrowsAsync<HostupException>(() => FetchAsync());

        Assert.Equal(HostupErrors.ByteBudget, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync(RestOnly))).Code);
    }

    // With the envelope, which has some hundred bytes.
    private static UpdatePolicy RestOnly => new() { ByteBudget = Bytes - 1_000_000 + 2000 };

    private long _received;
    private long _sent;

    private List<NetworkExchange> Transfers => [.. _network.Exchanges.Where(e => e.Path.Contains("/updaters/", StringComparison.Ordinal))];

    /// <summary>As an agent that was just started.</summary>
    private async Task<string> FetchAsync(UpdatePolicy? policy = null)
    {
        var link = new ServerLink(_connections, _network.Address, DeviceConfig.Load(_device.Sim.Files).DeviceKey);
        try
        {
            return (await new UpdaterStore(link, new DeviceTrust(_device.Sim.Files), _device.Data).ProvideAsync(_updater, policy ?? new UpdatePolicy(), spent: 0, default)).Path;
        }
        finally
        {
            link.Dispose();
            (_received, _sent) = (_received + link.Wire.Received, _sent + link.Wire.Sent);
        }
    }
}
