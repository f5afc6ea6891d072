using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>A full data partition made the updater lie in memory; the power went, and the attempt that it began is open.</summary>
public sealed class AttemptUpdaterTests : IAsyncLifetime
{
    private static readonly byte[] Program = OsBuilder.Text("#!/bin/sh\necho the updater\n");
    private static readonly Digest Wanted = Digest.Of(Program);
    private readonly OsBuilder _builder = new();
    private readonly Impostor _server = new();
    private readonly SkippingClock _clock = new();
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-updater-");
    private readonly List<ServerLink> _links = [];
    private SimDevice _sim = null!;
    private UpdaterArtifact _updater = null!;

    public async ValueTask InitializeAsync()
    {
        var release = SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson());
        _sim = new SimDevice(release, release);
        _updater = _server.Updater(_builder, Program);
        var agent = Agent(_server.Base);
        agent.Remember(_updater);
        Assert.Equal(Program, await File.ReadAllBytesAsync(await agent.FindAsync(Wanted, default)));
        Lose();
    }

    public async ValueTask DisposeAsync()
    {
        _links.ForEach(l => l.Dispose());
        _connections.Dispose();
        await _server.DisposeAsync();
        _builder.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task After_a_power_cut_it_is_fetched_again_and_verified()
    {
        string program = await Agent(_server.Base).FindAsync(Wanted, default);

        Assert.Equal(Program, await File.ReadAllBytesAsync(program));
        Assert.Equal(2, _server.Requests.Count(r => r.StartsWith($"device/v1/updaters/{Wanted}", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_here_is_not_fetched_again()
    {
        await Agent(_server.Base).FindAsync(Wanted, default);
        int requests = _server.Requests.Count;

        await Agent(_server.Base).FindAsync(Wanted, default);

        Assert.Equal(requests, _server.Requests.Count);
    }

    [Fact]
    public async Task Other_bytes_under_its_digest_do_not_run()
    {
        _server.Files[$"device/v1/updaters/{Wanted}"] = OsBuilder.Text("#!/bin/sh\necho evil\n");

        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Wanted, default));
        Assert.Empty(Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_server_that_is_away_is_waited_for_a_day()
    {
        var agent = Agent(new Uri("http://127.0.0.1:1/"));

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Wanted, default))).Code);
        _clock.Pass(TimeSpan.FromHours(23));
        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Wanted, default))).Code);
        _clock.Pass(TimeSpan.FromHours(1));
        Assert.Equal(ThisProgram.FilePath, await agent.FindAsync(Wanted, default));
    }

    [Fact]
    public async Task Media_that_keep_no_updater_are_waited_for_a_day()
    {
        await File.WriteAllTextAsync(_folder.FullName + "/mnt", "no folder can be made here");
        await File.WriteAllTextAsync(_folder.FullName + "/run", "nor here");
        var agent = Agent(_server.Base);

        Assert.Equal(HostupErrors.Medium, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Wanted, default))).Code);
        _clock.Pass(TimeSpan.FromHours(24));
        Assert.Equal(ThisProgram.FilePath, await agent.FindAsync(Wanted, default));
    }

    [Fact]
    public async Task The_built_in_program_takes_back_what_an_unknown_one_began()
    {
        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Digest.Of("another"u8), default));
        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(null, default));
    }

    private AttemptUpdater Agent(Uri server)
    {
        _links.Add(new ServerLink(_connections, server, Victim.Key));
        return new AttemptUpdater(_sim.Files, _clock, new UpdaterStore(_links[^1], new DeviceTrust(_sim.Files), _folder.FullName));
    }

    private void Lose()
    {
        foreach (var directory in _folder.EnumerateDirectories())
            directory.Delete(recursive: true);
    }
}
