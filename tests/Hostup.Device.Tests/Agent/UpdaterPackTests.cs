using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Delta.Programs;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Networks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>An updater that comes as what it differs by from the one that is here, or packed; where that fails it comes as it is.</summary>
public sealed class UpdaterPackTests : IAsyncLifetime
{
    private const int Bytes = 3_000_000;
    private readonly OsBuilder _builder = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly string _scratch = Directory.CreateTempSubdirectory("hostup-packs-").FullName;
    private byte[] _old = [];
    private byte[] _new = [];
    private RealServer _server = null!;
    private AwayDevice _device = null!;
    private BadNetwork _network = null!;

    public async ValueTask InitializeAsync()
    {
        _old = Program(1);
        _new = [.. _old.AsSpan(0, 1_000_000), .. "what the newer one has"u8, .. _old.AsSpan(1_000_000)];
        _server = await RealServer.StartAsync();
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
        Directory.Delete(_scratch, recursive: true);
    }

    [Fact]
    public async Task A_newer_one_comes_as_what_it_differs_by_from_the_one_that_is_here()
    {
        await FetchAsync(await PublishAsync("9.9.8", _old));
        long before = Transferred;
        var pack = await PackAsync(_old, _new);

        string path = await FetchAsync(await PublishAsync("9.9.9", _new) with { Packs = [pack] });

        Assert.Equal(_new, await File.ReadAllBytesAsync(path));
        Assert.Equal(pack.Bytes, Transferred - before);
        Assert.InRange(pack.Bytes, 100, 20_000);
        Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task Without_the_one_that_it_begins_with_it_comes_packed()
    {
        var (delta, packed) = (await PackAsync(_old, _new), await PackAsync(null, _new));

        string path = await FetchAsync(await PublishAsync("9.9.9", _new) with { Packs = [delta, packed] });

        Assert.Equal(_new, await File.ReadAllBytesAsync(path));
        Assert.Equal(packed.Bytes, Transferred);
        Assert.InRange(packed.Bytes, Bytes / 4, Bytes * 8 / 10);
    }

    [Fact]
    public async Task A_way_that_breaks_in_the_middle_goes_on_there()
    {
        var packed = await PackAsync(null, _new);
        var updater = await PublishAsync("9.9.9", _new) with { Packs = [packed] };
        _network.Faults.Enqueue(new(NetworkFaultKind.Cut, 300_000));

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => FetchAsync(updater))).Code);
        string path = await FetchAsync(updater);

        Assert.Equal(_new, await File.ReadAllBytesAsync(path));
        Assert.Equal(packed.Bytes, Transferred);
    }

    [Fact]
    public async Task What_does_not_give_the_program_is_followed_by_the_program_as_it_is()
    {
        await FetchAsync(await PublishAsync("9.9.8", _old));
        var ofAnother = await PackAsync(Program(2), _new) with { From = Digest.Of(_old) };
        var ofAnotherTarget = await PackAsync(_old, [.. _new, 1]);
        var gone = new UpdaterPack(null, Digest.Of("gone"u8), 1000);
        foreach (var pack in (UpdaterPack[])[ofAnother, ofAnotherTarget, gone])
        {
            string path = await FetchAsync(await PublishAsync("9.9.9", _new) with { Packs = [pack] });

            Assert.Equal(_new, await File.ReadAllBytesAsync(path));
            Assert.Single(Directory.EnumerateFiles(Path.GetDirectoryName(path)!));
            await FetchAsync(await PublishAsync("9.9.8", _old));
        }
    }

    private long Transferred => _network.Exchanges.Where(e => e.Path.Contains("/updaters/", StringComparison.Ordinal)).Sum(e => e.BodySent);

    /// <summary>Packs to about half.</summary>
    private static byte[] Program(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Bytes).Select(_ => (byte)random.Next(24))];
    }

    /// <summary>Whatever is published as a program can be fetched by its digest.</summary>
    private async Task<UpdaterArtifact> PublishAsync(string version, byte[] program)
    {
        var statement = new UpdaterStatement { Version = version, Digest = Digest.Of(program), Size = program.Length, Platform = ThisProgram.Platform };
        byte[] envelope = _builder.Sign(statement);
        (await _server.Operator.PutAsync($"/api/v1/updaters/programs/{statement.Digest}", new ByteArrayContent(program))).EnsureSuccessStatusCode();
        await _server.PostAsync("/api/v1/updaters", envelope);
        return new UpdaterArtifact(version, statement.Digest, program.Length, Digest.Of(envelope));
    }

    private async Task<UpdaterPack> PackAsync(byte[]? from, byte[] to)
    {
        string old = Path.Combine(_scratch, "old"), target = Path.Combine(_scratch, "new");
        await File.WriteAllBytesAsync(old, from ?? []);
        await File.WriteAllBytesAsync(target, to);
        using var delta = new MemoryStream();
        await ProgramDelta.BuildAsync(from is null ? null : old, target, delta, _scratch, default);
        await PublishAsync("0.0.1", delta.ToArray());
        return new UpdaterPack(from is null ? null : Digest.Of(from), Digest.Of(delta.ToArray()), delta.Length);
    }

    /// <summary>As an agent that was just started.</summary>
    private async Task<string> FetchAsync(UpdaterArtifact updater)
    {
        using var link = new ServerLink(_connections, _network.Address, DeviceConfig.Load(_device.Sim.Files).DeviceKey);
        return (await new UpdaterStore(link, new DeviceTrust(_device.Sim.Files), _device.Data).ProvideAsync(updater, new UpdatePolicy(), spent: 0, default)).Path;
    }
}
