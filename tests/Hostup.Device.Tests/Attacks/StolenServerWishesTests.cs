using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Device.Agent;
using Hostup.Lab.Sim;
using Hostup.Linux.Network;
using Hostup.Updates.Config;
using Hostup.Updates.Files;

namespace Hostup.Device.Tests.Attacks;

/// <summary>What a server may ask of a device without a signature: all that a thief of it can make one do, and where it ends. docs/security.md names each.</summary>
public sealed class StolenServerWishesTests : IAsyncLifetime
{
    private readonly OsBuilder _builder = new();
    private readonly Impostor _thief = new();
    private readonly SimRelease _release = SimRelease.Make("2.101.0", SimBehaviour.Good);
    private BuiltImage _image = null!;

    public async ValueTask InitializeAsync()
    {
        _image = await _builder.BuildAsync(_release);
        _thief.Image(_image);
    }

    public async ValueTask DisposeAsync()
    {
        await _thief.DisposeAsync();
        _builder.Dispose();
    }

    [Fact]
    public async Task He_can_give_a_device_another_key_once_a_day_and_changes_nothing_else_of_its_boot_partition()
    {
        using var victim = Provisioned();
        _thief.Files["device/v1/key"] = KeyAnswer("hkd_his-own");
        var before = Others(victim);

        Assert.True(await ChangeAsync(victim));
        Assert.False(await ChangeAsync(victim));
        victim.Device.Ports.Now += TimeSpan.FromHours(23);
        Assert.False(await ChangeAsync(victim));
        victim.Device.Ports.Now += TimeSpan.FromHours(2);
        Assert.True(await ChangeAsync(victim));

        Assert.Equal("hkd_his-own", DeviceConfig.Load(victim.Device.Files).DeviceKey);
        Assert.Equal(2, _thief.Requests.Count(r => r.StartsWith("device/v1/key ", StringComparison.Ordinal)));
        Assert.Equal(before, Others(victim));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a key\nwith a line")]
    [InlineData("long")]
    public async Task What_is_no_key_is_not_written(string given)
    {
        using var victim = Provisioned();
        _thief.Files["device/v1/key"] = KeyAnswer(given == "long" ? new string('k', 5000) : given);

        Assert.Equal(HostupErrors.Link, (await Assert.ThrowsAsync<HostupException>(() => ChangeAsync(victim))).Code);
        Assert.Equal(Victim.Key, DeviceConfig.Load(victim.Device.Files).DeviceKey);
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "not-newer")]
    public async Task He_can_let_a_device_install_what_it_committed_again(bool reinstall, string? refused)
    {
        var committed = _builder.Manifest(_release, _image, Victim.Sequence);
        using var victim = new Victim(_builder.Trust(1), _release, version: "2.101.0");

        await AskAsync(victim, _builder.Sign(committed), t => t with { Reinstall = reinstall });

        Assert.Equal(refused, victim.Error?.Code.Id);
        Assert.Equal(reinstall ? Reach.Switched : Reach.Bookkeeping, victim.Reached());
    }

    [Theory]
    [InlineData(true, null)]
    [InlineData(false, "known-bad")]
    public async Task He_can_let_a_device_try_a_signed_release_again_that_it_knows_to_be_bad(bool reinstall, string? refused)
    {
        var newer = _builder.Manifest(_release, _image, Victim.Sequence + 1);
        using var victim = new Victim(_builder.Trust(1), _release);
        victim.Device.State.Provision(Places.KnownBad, Encoding.ASCII.GetBytes(newer.Image.Digest + "\n"));

        await AskAsync(victim, _builder.Sign(newer), t => t with { Reinstall = reinstall });

        Assert.Equal(refused, victim.Error?.Code.Id);
        Assert.Equal(reinstall ? Reach.Switched : Reach.Bookkeeping, victim.Reached());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task He_can_pass_over_an_application_s_lock_for_a_release_that_is_signed(bool overrides)
    {
        using var victim = new Victim(_builder.Trust(1), _release);
        victim.Device.Ports.LockHeldTimes = 3;

        await AskAsync(victim, _builder.Sign(_builder.Manifest(_release, _image, Victim.Sequence + 1)), t => t with { OverrideLocks = overrides });

        Assert.Equal(Reach.Switched, victim.Reached());
        Assert.Equal(!overrides, victim.Device.Ports.States.Contains(AttemptStates.WaitingForLock));
    }

    private async Task AskAsync(Victim victim, byte[] envelope, Func<DeviceTarget, DeviceTarget> wish)
    {
        _thief.Poll = _thief.Poll with { Target = wish(new() { AttemptId = new string('e', 32), Version = "2.101.0", ReleaseEnvelope = _thief.Envelope(envelope) }) };
        await victim.FaceAsync(_thief.Base);
    }

    private async Task<bool> ChangeAsync(Victim victim)
    {
        using var connections = ServerConnections.Of(null, null);
        using var link = new ServerLink(connections, _thief.Base, Victim.Key);
        return await new DeviceKeys(DeviceConfig.Load(victim.Device.Files), link, victim.Device.Files, victim.Device.Ports).ChangeAsync(default);
    }

    private Victim Provisioned()
    {
        var victim = new Victim(_builder.Trust(1));
        victim.Device.Boot.Provision(ConfigFile.FilePath, OsBuilder.Text($$"""{"uuid":"0123456789abcdef0123456789abcdef","apiEndpoint":"{{_thief.Base}}","deviceApiKey":"{{Victim.Key}}"}"""));
        return victim;
    }

    private static byte[] KeyAnswer(string key) => JsonSerializer.SerializeToUtf8Bytes(new DeviceKeyAnswer(key), WireJson.Default.DeviceKeyAnswer);

    private static IReadOnlyList<string> Others(Victim victim) =>
        [.. victim.Device.Boot.Paths.Where(p => !p.StartsWith(ConfigFile.FilePath, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(p => $"{p} {Digest.Of(victim.Device.Boot.Read(p)!)}")];
}
