using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Updates.Boot;
using Hostup.Updates.Files;
using Hostup.Updates.Trust;

namespace Hostup.Updates.Tests.Checks;

/// <summary>An attempt may wait for weeks between its download and its reboot. What is believed then is judged again before the switch.</summary>
public sealed class GateTrustTests : IDisposable
{
    private readonly SigningKey _root = SigningKey.Create();
    private readonly SigningKey _release = SigningKey.Create();
    private readonly SigningKey _next = SigningKey.Create();

    public void Dispose()
    {
        foreach (var key in (SigningKey[])[_root, _release, _next])
            key.Dispose();
    }

    [Fact]
    public async Task A_release_whose_time_ends_while_it_waits_is_refused_at_the_gate()
    {
        var device = Waiting(d => d.Ports.Now += TimeSpan.FromDays(8), expiresAfter: TimeSpan.FromDays(7));

        await device.RunAsync();

        AssertRefused(device, "expired");
    }

    [Fact]
    public async Task A_release_whose_key_is_revoked_while_it_waits_is_refused_at_the_gate()
    {
        var device = Waiting(d => new DeviceTrust(d.Files).Accept(Envelope.Sign(TrustList.PayloadType, Trust(2, _next).ToJson(), _root)));

        await device.RunAsync();

        AssertRefused(device, "signature");
    }

    [Fact]
    public async Task A_release_whose_envelope_was_damaged_while_it_waited_is_refused_at_the_gate()
    {
        var device = Waiting(d => d.State.Provision(EnvelopeOf(d), "no envelope"u8.ToArray()));

        await device.RunAsync();

        AssertRefused(device, "signature");
    }

    [Fact]
    public async Task The_envelope_of_another_release_does_not_serve_for_this_one()
    {
        var device = Waiting(d => d.State.Provision(EnvelopeOf(d), Sign(d.Target.Release with { BuildId = "another" })));

        await device.RunAsync();

        AssertRefused(device, "signature");
    }

    /// <summary>The twin of all of them.</summary>
    [Fact]
    public async Task A_release_that_is_still_good_after_the_wait_is_installed()
    {
        var device = Waiting(
            d =>
            {
                d.Ports.Now += TimeSpan.FromDays(6);
                new DeviceTrust(d.Files).Accept(Envelope.Sign(TrustList.PayloadType, Trust(2, _release, _next).ToJson(), _root));
            },
            expiresAfter: TimeSpan.FromDays(7));

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
        Assert.Equal(1, device.State.Paths.Count(p => p.StartsWith(Places.Hostup + "/envelope-", StringComparison.Ordinal)));
    }

    /// <summary>Kept with the plan, judged at the gate: what a cut leaves of it is never taken for a forgery.</summary>
    [Theory, InlineData(Unflushed.Lost), InlineData(Unflushed.Kept), InlineData(Unflushed.Torn)]
    public async Task A_power_cut_at_any_effect_before_the_reboot_costs_no_signed_release(Unflushed unflushed)
    {
        var whole = await Signed(unflushed).RunAsync();
        int reboot = whole.Power.Log.IndexOf("reboot");
        Assert.Contains(whole.Power.Log.Take(reboot), e => e.Contains("/envelope-", StringComparison.Ordinal));

        for (int cut = 1; cut <= reboot; cut++)
        {
            var device = await Signed(unflushed, cut).RunAsync();

            Assert.True(device.Outcome == AttemptStates.Committed && device.Bricked is null, $"cut before {string.Join(", ", device.Power.CutBefore)}, {unflushed}: {device.Outcome} {device.End?.Error?.Message}");
            Assert.Equal(1, device.State.Paths.Count(p => p.StartsWith(Places.Hostup + "/envelope-", StringComparison.Ordinal)));
        }
    }

    /// <summary>An older program began the attempt and kept no envelope: it goes on as that program would have.</summary>
    [Fact]
    public async Task Without_an_envelope_an_attempt_goes_on()
    {
        var device = Waiting(d => d.State.Delete(EnvelopeOf(d)));

        await device.RunAsync();

        Assert.Equal(AttemptStates.Committed, device.Outcome);
    }

    [Fact]
    public async Task The_envelope_of_an_attempt_goes_with_the_next_one()
    {
        var device = await Waiting(_ => { }).RunAsync();
        string first = EnvelopeOf(device);
        var next = SimRelease.Make("2.102.0", SimBehaviour.Good).Manifest(sequence: 3);
        device.Target = new SimTarget(next, Reinstall: false) { AttemptId = new string('2', 32), Envelope = Sign(next) };

        var plan = await device.Target.PlanAsync(device);
        await new Run.UpdateRun(device.Device, device.Ports, _ => []).StartAsync(plan, device.Target.Payload, device.Target.Envelope, TestContext.Current.CancellationToken);

        Assert.NotEqual(first, EnvelopeOf(device));
        Assert.Null(device.State.Read(first));
    }

    private SimDevice Signed(Unflushed unflushed, params int[] cuts)
    {
        var device = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: Trust(1, _release).ToJson()), SimRelease.Make("2.101.0", SimBehaviour.Good), unflushed, cuts);
        device.Target = device.Target with { Envelope = Sign(device.Target.Release) };
        return device;
    }

    /// <summary>A device that fetches, and to which something happens once everything is fetched.</summary>
    private SimDevice Waiting(Action<SimDevice> meanwhile, TimeSpan? expiresAfter = null)
    {
        var device = new SimDevice(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: Trust(1, _release).ToJson()), SimRelease.Make("2.101.0", SimBehaviour.Good));
        var release = device.Target.Release with { Expires = expiresAfter is { } time ? device.Ports.Now + time : null };
        device.Target = device.Target with { Release = release, Envelope = Sign(release) };
        bool happened = false;
        device.Ports.Meanwhile = state =>
        {
            if (state != AttemptStates.Ready || happened)
                return;
            happened = true;
            using (device.Files.OpenForWriting(Places.State))
                meanwhile(device);
        };
        return device;
    }

    private static void AssertRefused(SimDevice device, string code)
    {
        Assert.Equal((AttemptStates.Refused, code), (device.Outcome, device.End?.Error?.Code.Id));
        Assert.Equal(("2.100.0", 1), (device.RunningRelease?.Version, device.Boots));
        Assert.Equal(new BootSettings(2, false, 0), device.Device.Boot.Read());
        Assert.True(device.Ports.SupervisorRuns);
        Assert.DoesNotContain(device.Power.Log, e => e.Contains(Places.Boot, StringComparison.Ordinal));
    }

    private TrustList Trust(long version, params SigningKey[] release) => TrustList.Create(new Dictionary<TrustRole, TrustedKeys>
    {
        [TrustRole.Root] = new([_root.Public], 1),
        [TrustRole.Release] = new([.. release.Select(k => k.Public)], 1),
    }, version);

    private byte[] Sign(ReleaseManifest release) => Envelope.Sign(ReleaseManifest.PayloadType, release.ToJson(), _release).ToJson();

    private static string EnvelopeOf(SimDevice device) => device.State.Paths.Single(p => p.StartsWith(Places.Hostup + "/envelope-", StringComparison.Ordinal));
}
