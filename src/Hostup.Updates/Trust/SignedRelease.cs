using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Updates.Run;

namespace Hostup.Updates.Trust;

/// <summary>A release in its envelope, judged by whom this device believes now and by what it knows of time now.</summary>
public static class SignedRelease
{
    /// <summary>The payload that release keys signed. What it requires and how long it holds is not looked at.</summary>
    /// <param name="trust">Whom this device believes.</param>
    /// <param name="envelope">The document.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c>, <c>bad-config</c>.</exception>
    public static byte[] VerifySignature(DeviceTrust trust, ReadOnlySpan<byte> envelope) =>
        trust.Load().Verify(Envelope.Parse(envelope), TrustRole.Release, ReleaseManifest.PayloadType);

    /// <summary>The release, believed and understood, that may be installed now.</summary>
    /// <param name="device">The device.</param>
    /// <param name="envelope">The document.</param>
    /// <exception cref="HostupException"><c>signature</c>, <c>trust-list</c>, <c>bad-config</c>, <c>requires</c>, <c>expired</c>, <c>bad-image</c>.</exception>
    public static (ReleaseManifest Release, byte[] Payload) Verify(DevicePorts device, ReadOnlySpan<byte> envelope)
    {
        byte[] payload = VerifySignature(new DeviceTrust(device.Files), envelope);
        var release = ReleaseManifest.Parse(payload);
        ClockFloor.Freshness(device.Files, device.Clock).Require(release);
        return (release, payload);
    }

    /// <summary>Why the envelope of an attempt that is open is not believed any more: keys are revoked and time goes by while an attempt waits.</summary>
    /// <param name="device">The device.</param>
    /// <param name="envelope">What lies beside the plan.</param>
    /// <param name="manifest">Digest of the payload that the plan names.</param>
    /// <returns>Null: it is believed.</returns>
    public static HostupException? FaultOf(DevicePorts device, ReadOnlySpan<byte> envelope, Digest manifest)
    {
        try
        {
            return Digest.Of(Verify(device, envelope).Payload) == manifest ? null
                : new HostupException(HostupErrors.Signature, "cannot go on with the release", "the signed document beside the plan is about another release", "start the update again");
        }
        catch (HostupException e)
        {
            return e;
        }
    }
}
