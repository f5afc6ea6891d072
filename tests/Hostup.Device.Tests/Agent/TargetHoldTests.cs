using System.Text;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Account;
using Hostup.Updates.Journal;

namespace Hostup.Device.Tests.Agent;

/// <summary>What the agent fetches itself is under the policy and in the account too.</summary>
public sealed class TargetHoldTests : IAsyncLifetime
{
    private static readonly string Attempt = new('a', 32);
    private readonly Impostor _server = new();
    private readonly SimDevice _device = new(SimRelease.Make("2.100.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));
    private readonly ServerConnections _connections = ServerConnections.Of(null, null);
    private ServerLink _link = null!;

    public ValueTask InitializeAsync()
    {
        _link = new ServerLink(_connections, _server.Base, Victim.Key);
        _server.Files[$"device/v1/attempts/{Attempt}"] = Encoding.UTF8.GetBytes("""{"cancel":false}""");
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        _connections.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_target_whose_window_is_closed_is_not_begun_and_the_server_is_told_once()
    {
        var hold = new TargetHold(_device.Device, _link);
        _device.Ports.Now = new DateTimeOffset(2026, 1, 15, 12, 0, 0, TimeSpan.Zero);
        var target = Target(new UpdatePolicy { DownloadWindow = "22:00-04:00" });

        Assert.True(await hold.HoldsAsync(target, default));
        Assert.Equal(TimeSpan.FromHours(10), hold.Opens);
        Assert.True(await hold.HoldsAsync(target, default));

        Assert.Single(_server.Requests, r => r.StartsWith($"device/v1/attempts/{Attempt}", StringComparison.Ordinal));
        _device.Ports.Now += TimeSpan.FromHours(11);
        Assert.False(await hold.HoldsAsync(target, default));
        Assert.Null(hold.Opens);
    }

    [Fact]
    public async Task Patience_is_counted_from_what_brought_the_target_nearer_last()
    {
        var hold = new TargetHold(_device.Device, _link);
        var target = Target(new UpdatePolicy { PatienceSeconds = 3600 });
        var error = new HostupException(HostupErrors.Link, "cannot fetch the updater", "a test", "wait");

        Assert.Equal((true, false), (await hold.TriesAgainAsync(target, error, arrived: 0, default), hold.Advanced));
        _device.Ports.Now += TimeSpan.FromMinutes(50);
        Assert.Equal((true, true), (await hold.TriesAgainAsync(target, error, arrived: 20_000, default), hold.Advanced));
        _device.Ports.Now += TimeSpan.FromMinutes(50);
        Assert.Equal((true, false), (await hold.TriesAgainAsync(target, error, arrived: 21_000, default), hold.Advanced));
        _device.Ports.Now += TimeSpan.FromMinutes(10);
        Assert.False(await hold.TriesAgainAsync(target, error, arrived: 21_000, default));

        // Of the next one nothing is tried yet; that nobody takes its report is no end of it.
        Assert.True(await hold.TriesAgainAsync(target with { AttemptId = new string('b', 32) }, error, arrived: 0, default));
    }

    [Fact]
    public async Task Every_byte_of_the_agent_s_connection_is_in_the_account_under_its_cause()
    {
        var meter = new AttemptMeter(_link, new AgentAccount(_device.Files, _device.Ports, _device.Ports, _device.Ports));
        await _link.PollAsync(default);
        var before = (_link.Wire.Received, _link.Wire.Sent);
        meter.Begin(Attempt);

        var digest = _server.Envelope(new byte[5000]);
        await _link.FetchEnvelopeAsync(digest, default);
        meter.Spend("manifest");
        await _link.PollAsync(default);
        meter.Look(Attempt, ended: true);

        var bytes = AttemptBytes.Of(_device.Files, [new JournalRecord { Verb = JournalVerb.Opened, AttemptId = Attempt, BootId = "b", At = default }], plan: null);
        Assert.Equal(["manifest", "protocol"], bytes.Select(b => b.Cause));
        Assert.InRange(bytes[0].Received, 5001, 5500);
        Assert.Equal((_link.Wire.Received - before.Received, _link.Wire.Sent - before.Sent), (bytes.Sum(b => b.Received), bytes.Sum(b => b.Sent)));
    }

    private static DeviceTarget Target(UpdatePolicy policy) => new() { AttemptId = Attempt, Version = "2.101.0", ReleaseEnvelope = Digest.Of("x"u8), Policy = policy };
}
