using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Account;
using Hostup.Updates.Journal;
using Hostup.Updates.Policies;
using Hostup.Updates.Trust;

namespace Hostup.Device.Tests.Agent;

/// <summary>A full data partition made the updater lie in memory; the power went, and the attempt that it began is open.</summary>
public sealed class AttemptUpdaterTests : IAsyncLifetime
{
    private static readonly byte[] Program = OsBuilder.Text("#!/bin/sh\necho the updater\n");
    private static readonly Digest Wanted = Digest.Of(Program);
    private readonly OsBuilder _builder = new();
    private readonly Impostor _server = new();
    private static readonly string Attempt = new('a', 32);
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
        Assert.Equal(Program, await File.ReadAllBytesAsync(await agent.FindAsync(Open(Wanted), default)));
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
        string program = await Agent(_server.Base).FindAsync(Open(Wanted), default);

        Assert.Equal(Program, await File.ReadAllBytesAsync(program));
        Assert.Equal(2, Transfers);
    }

    [Fact]
    public async Task What_it_costs_is_the_updater_s_in_the_account_of_the_attempt_and_in_its_budget()
    {
        var before = Account();
        before.Begin(Attempt);
        before.Add(new CauseBytes(AgentAccount.UpdaterCause, 1000, 100));
        before.KeepNow();

        await Agent(_server.Base).FindAsync(Open(Wanted), default);

        var updater = AttemptBytes.Of(_sim.Files, Open(Wanted), plan: null).Single(b => b.Cause == AgentAccount.UpdaterCause);
        Assert.Equal((1000 + _links[^1].Wire.Received, 100 + _links[^1].Wire.Sent), (updater.Received, updater.Sent));
        Assert.True(_links[^1].Wire.Received > Program.Length);
        Assert.Equal(updater.Received, AttemptBytes.Received(_sim.Files, Attempt, plan: null));
    }

    [Fact]
    public async Task Nothing_is_fetched_while_the_policy_of_the_attempt_lets_nothing_be_fetched()
    {
        OwnPolicy.Save(_sim.Files, new PolicySettings { WaitsWhileMetered = true });
        _sim.Ports.Metered = true;
        int requests = _server.Requests.Count;
        var agent = Agent(_server.Base);

        Assert.Equal(HostupErrors.Held, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Open(Wanted), default))).Code);

        Assert.Equal(requests, _server.Requests.Count);
        _sim.Ports.Metered = false;
        Assert.Equal(Program, await File.ReadAllBytesAsync(await agent.FindAsync(Open(Wanted), default)));
    }

    [Fact]
    public async Task A_closed_window_keeps_it_away_for_a_day_and_then_the_attempt_is_taken_back()
    {
        OwnPolicy.Save(_sim.Files, new PolicySettings { DownloadWindow = "22:00-22:01" });
        _sim.Ports.Now = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        var agent = Agent(_server.Base);

        Assert.Equal(HostupErrors.Held, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Open(Wanted), default))).Code);
        _sim.Ports.Now += TimeSpan.FromHours(24);

        Assert.Equal(ThisProgram.FilePath, await agent.FindAsync(Open(Wanted), default));
        Assert.Equal(1, Transfers);
    }

    [Fact]
    public async Task A_budget_that_it_would_exceed_is_not_exceeded()
    {
        OwnPolicy.Save(_sim.Files, new PolicySettings { ByteBudget = 10_000 });
        var before = Account();
        before.Begin(Attempt);
        before.Add(new CauseBytes(AgentAccount.UpdaterCause, 10_000, 100));
        before.KeepNow();

        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Open(Wanted), default));

        Assert.Equal(1, Transfers);
    }

    [Fact]
    public async Task What_is_here_is_not_fetched_again()
    {
        await Agent(_server.Base).FindAsync(Open(Wanted), default);
        int requests = _server.Requests.Count;

        await Agent(_server.Base).FindAsync(Open(Wanted), default);

        Assert.Equal(requests, _server.Requests.Count);
    }

    [Fact]
    public async Task Other_bytes_under_its_digest_do_not_run()
    {
        _server.Files[$"device/v1/updaters/{Wanted}"] = OsBuilder.Text("#!/bin/sh\necho evil\n");

        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Open(Wanted), default));
        Assert.Empty(Directory.EnumerateFiles(_folder.FullName, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_server_that_is_away_is_waited_for_a_day()
    {
        var agent = Agent(new Uri("http://127.0.0.1:1/"));

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Open(Wanted), default))).Code);
        _sim.Ports.Now += TimeSpan.FromHours(23);
        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Open(Wanted), default))).Code);
        _sim.Ports.Now += TimeSpan.FromHours(1);
        Assert.Equal(ThisProgram.FilePath, await agent.FindAsync(Open(Wanted), default));
    }

    [Fact]
    public async Task Media_that_keep_no_updater_are_waited_for_a_day()
    {
        await File.WriteAllTextAsync(_folder.FullName + "/mnt", "no folder can be made here");
        await File.WriteAllTextAsync(_folder.FullName + "/run", "nor here");
        var agent = Agent(_server.Base);

        Assert.Equal(HostupErrors.Medium, (await Assert.ThrowsAsync<HostupException>(() => agent.FindAsync(Open(Wanted), default))).Code);
        _sim.Ports.Now += TimeSpan.FromHours(24);
        Assert.Equal(ThisProgram.FilePath, await agent.FindAsync(Open(Wanted), default));
    }

    [Fact]
    public async Task The_built_in_program_takes_back_what_an_unknown_one_began()
    {
        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Open(Digest.Of("another"u8)), default));
        Assert.Equal(ThisProgram.FilePath, await Agent(_server.Base).FindAsync(Open(null), default));
    }

    private AttemptUpdater Agent(Uri server)
    {
        _links.Add(new ServerLink(_connections, server, Victim.Key));
        return new AttemptUpdater(_sim.Device, new UpdaterStore(_links[^1], new DeviceTrust(_sim.Files), _folder.FullName), new AttemptMeter(_links[^1], Account()));
    }

    private AgentAccount Account() => new(_sim.Files, _sim.Ports, _sim.Ports, _sim.Ports);

    private static IReadOnlyList<JournalRecord> Open(Digest? updater) =>
        [new JournalRecord { Verb = JournalVerb.Opened, AttemptId = Attempt, Updater = updater, BootId = "before", At = DateTimeOffset.UnixEpoch }];

    private int Transfers => _server.Requests.Count(r => r.StartsWith($"device/v1/updaters/{Wanted}", StringComparison.Ordinal));

    private void Lose()
    {
        foreach (var directory in _folder.EnumerateDirectories())
            directory.Delete(recursive: true);
    }
}
