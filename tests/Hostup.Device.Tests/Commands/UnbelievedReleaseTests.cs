using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Device.Tests.Attacks;
using Hostup.Lab.Sim;
using Hostup.Updates.Checks;

namespace Hostup.Device.Tests.Commands;

/// <summary>What <c>check</c> and <c>plan</c> say of a document that this device does not believe: the whole table, 3, and nothing of it is tried.</summary>
public sealed class UnbelievedReleaseTests : IDisposable
{
    private readonly OsBuilder _builder = new();

    public void Dispose() => _builder.Dispose();

    [Theory]
    [InlineData("no JSON")]
    [InlineData("no release inside")]
    [InlineData("a release inside")]
    public async Task The_signature_refuses_and_every_other_row_is_there(string document)
    {
        byte[] envelope = document switch
        {
            "no JSON" => "<html>"u8.ToArray(),
            "no release inside" => Envelope.Sign(ReleaseManifest.PayloadType, "hello"u8, _builder.Stranger).ToJson(),
            _ => Envelope.Sign(ReleaseManifest.PayloadType, Release.Manifest(2).ToJson(), _builder.Stranger).ToJson(),
        };
        var device = Device();
        var good = await device.Target.CheckAsync(device);

        var update = await LookAsync(device, envelope);

        Assert.Equal(good.Select(c => c.Name), update.Checks.Select(c => c.Name));
        Assert.Equal(("signature", 3), (Assert.Single(update.Checks, c => !c.Passed).Name, ExitCodes.Of(update.Checks)));
        Assert.Equal("2.101.0", update.Version);
        Assert.Equal((HostupErrors.Signature, 3), Assert.Throws<HostupException>(() => update.MakePlan(null)) is var e ? (e.Code, ExitCodes.Of(e)) : default);
    }

    /// <summary>A stranger's document must not send the device's key to a registry, nor words of its own to mke2fs.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_a_release_that_is_not_believed_no_source_and_no_program_is_told(bool believed)
    {
        var device = Device();
        device.Slots.KnownFeatures = [];
        device.Sources = [new SimSource("registry", Release) { Missing = true }];
        var key = believed ? _builder.Release : _builder.Stranger;

        var update = await LookAsync(device, Envelope.Sign(ReleaseManifest.PayloadType, Release.Manifest(2).ToJson(), key).ToJson());

        Assert.Equal(believed ? ["mkfs", "image-missing"] : ["signature"], update.Checks.Where(c => !c.Passed).Select(c => c.Name));
        Assert.Equal(!believed, update.Checks.Single(c => c.Name == "mkfs").Saw.StartsWith("not judged", StringComparison.Ordinal));
        Assert.Equal(!believed, update.Checks.Single(c => c.Name == "image-missing").Saw.StartsWith("not judged", StringComparison.Ordinal));
    }

    private static SimRelease Release { get; } = SimRelease.Make("2.101.0", SimBehaviour.Good);

    private SimDevice Device() => new(SimRelease.Make("2.100.0", SimBehaviour.Good, trust: _builder.Trust(1).ToJson()), Release);

    private static Task<UpdateAtHand> LookAsync(SimDevice device, byte[] envelope) => UpdateAtHand.LookAsync(
        device.Device, new TargetFile(new DeviceTarget { AttemptId = new string('d', 32), Version = "2.101.0", ReleaseEnvelope = Digest.Of(envelope) }, envelope, []), device.Sources, default);
}
