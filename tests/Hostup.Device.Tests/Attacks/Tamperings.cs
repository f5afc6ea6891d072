using System.Text.Json.Nodes;
using Hostup.Core.Releases;
using Hostup.Core.Trust;

namespace Hostup.Device.Tests.Attacks;

/// <summary>What is altered, what the device says to it, and how far it may get at most.</summary>
internal static class Tamperings
{
    public static IReadOnlyDictionary<string, (Action<Scene> Tamper, string Code, Reach Reach)> All { get; } =
        Envelopes().Concat(Fields()).Concat(Signed()).Concat(Images()).Concat(InOnePiece()).Concat(WithoutLayers()).Concat(Updaters()).Concat(Lists()).ToDictionary(c => c.Name, c => (c.Tamper, c.Code, c.Reach));

    private sealed record Case(string Name, Action<Scene> Tamper, string Code, Reach Reach = Reach.Nothing);

    private static IEnumerable<Case> Envelopes() =>
    [
        new("envelope: a byte of the payload", s => s.Alter(e => e["payload"] = Convert.ToBase64String(Scene.Flip(s.Manifest.ToJson(), 40))), "signature"),
        new("envelope: the payload of another release", s => s.Alter(e => e["payload"] = Convert.ToBase64String((s.Manifest with { Sequence = 9 }).ToJson())), "signature"),
        new("envelope: the payload type", s => s.Alter(e => e["payloadType"] = "application/json"), "signature"),
        new("envelope: the first byte of the signature", s => s.Alter(e => Signature(e, b => Scene.Flip(b, 0))), "signature"),
        new("envelope: the last byte of the signature", s => s.Alter(e => Signature(e, b => Scene.Flip(b, -1))), "signature"),
        new("envelope: a signature cut short", s => s.Alter(e => Signature(e, b => b[..^1])), "signature"),
        new("envelope: an empty signature", s => s.Alter(e => Signature(e, _ => [])), "signature"),
        new("envelope: a signature of zeros", s => s.Alter(e => Signature(e, b => [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00])), "signature"),
        new("envelope: no signatures", s => s.Alter(e => e["signatures"] = new JsonArray()), "signature"),
        new("envelope: more signatures than are read", s => s.Alter(e => e["signatures"] = new JsonArray([.. Enumerable.Range(0, 17).Select(_ => e["signatures"]![0]!.DeepClone())])), "signature"),
        new("envelope: a key id changed together with the signature", s => s.Alter(e => { e["signatures"]![0]!["keyid"] = "00"; Signature(e, b => Scene.Flip(b, -1)); }), "signature"),
        new("envelope: signed by a stranger", s => s.Serve(Envelope.Sign(ReleaseManifest.PayloadType, s.Manifest.ToJson(), s.Builder.Stranger).ToJson()), "signature"),
        new("envelope: signed by a stranger in the name of the release key", Masquerade, "signature"),
        new("envelope: signed by the updater key", s => s.Serve(Envelope.Sign(ReleaseManifest.PayloadType, s.Manifest.ToJson(), s.Builder.Updater).ToJson()), "signature"),
        new("envelope: signed by the root key", s => s.Serve(Envelope.Sign(ReleaseManifest.PayloadType, s.Manifest.ToJson(), s.Builder.Root).ToJson()), "signature"),
        new("envelope: an updater statement in the place of a release", s => s.Serve(s.Builder.Sign(new UpdaterStatement { Version = "1", Digest = Digest.Of("x"u8), Size = 1, Platform = "x" })), "signature"),
        new("envelope: a trust list in the place of a release", s => s.Serve(s.Builder.Sign(s.Builder.Trust(2), s.Builder.Root)), "signature"),
        new("envelope: one of two keys", s => s.AskForTwoKeys(), "signature"),
        new("envelope: one key twice for two", s => { s.AskForTwoKeys(); s.Serve(Envelope.Parse(s.Genuine).SignedBy(s.Builder.Release).ToJson()); }, "signature"),
        new("envelope: not JSON", s => s.Serve("release"u8.ToArray()), "signature"),
        new("envelope: nothing", s => s.Serve([]), "signature"),
        new("envelope: not base64", s => s.Alter(e => e["payload"] = "%%%"), "signature"),
        new("envelope: another document than the one asked for", s => s.Server.Envelope(s.Builder.Sign(s.Manifest with { Sequence = 6 }), Digest.Of(s.Genuine)), "digest-mismatch"),
        new("envelope: longer than is read", s => s.Server.Envelope([.. s.Genuine, .. new byte[2 << 20]], Digest.Of(s.Genuine)), "link"),
        new("envelope: without an end", s => s.Server.Endless[$"device/v1/envelopes/{Digest.Of(s.Genuine)}"] = true, "link"),
        new("envelope: sent elsewhere", s => s.Server.Redirects[$"device/v1/envelopes/{Digest.Of(s.Genuine)}"] = new Uri(s.Server.Base, "device/v1/poll"), "link"),
    ];

    private static IEnumerable<Case> Fields() => new (string Path, JsonNode? Value)[]
    {
        ("version", "2.102.0"), ("buildId", "x"), ("deviceType", "other"), ("sequence", 99), ("signedAt", "2030-01-01T00:00:00+00:00"), ("expires", "2099-01-01T00:00:00+00:00"),
        ("requires", new JsonArray()), ("requires", new JsonArray("moon")), ("image.digest", Digest.Of("evil"u8).ToString()), ("image.repository", "evil/os"), ("image.downloadBytes", 1),
        ("treeDigest", Digest.Of("evil"u8).ToString()), ("root.spaceBytes", 1), ("root.contentBytes", 1), ("root.ext4Features", new JsonArray("has_journal")), ("root.label", "evil"),
        ("bootFiles", new JsonArray()), ("keptBack", new JsonArray("EFI/BOOT/grub.cfg")), ("supervisor", new JsonObject { ["version"] = "1", ["image"] = "evil@sha256:00" }),
        ("updaterMinimum", "0.0.1"), ("health.count", 1), ("health.intervalSeconds", 1), ("packages", new JsonArray("evil 1")), ("notes.os", "evil"), ("unknown", 1),
    }.Select((f, i) => new Case($"manifest field {i}: {f.Path}", s => s.Field(f.Path, f.Value?.DeepClone()), "signature"));

    private static IEnumerable<Case> Signed() =>
    [
        new("signed: an older sequence", s => s.Resign(m => m with { Sequence = Victim.Sequence - 1 }), "not-newer", Reach.Bookkeeping),
        new("signed: an older sequence, and the server says reinstall", s => s.Resign(m => m with { Sequence = Victim.Sequence - 1 }, reinstall: true), "not-newer", Reach.Bookkeeping),
        new("signed: the committed sequence again", s => s.Resign(m => m with { Sequence = Victim.Sequence }), "not-newer", Reach.Bookkeeping),
        new("signed: a higher sequence of an older version", s => s.Resign(m => m with { Version = "2.99.0" }), "not-newer", Reach.Bookkeeping),
        new("signed: expired", s => s.Resign(m => m with { Expires = DateTimeOffset.UnixEpoch.AddYears(50) }), "expired"),
        new("signed: it requires what nobody knows", s => s.Resign(m => m with { Requires = ["moon"] }), "requires"),
        new("signed: for another device type", s => s.Resign(m => m with { DeviceType = "other" }), "device-type", Reach.Bookkeeping),
        new("signed: for a newer updater", s => s.Resign(m => m with { UpdaterMinimum = "99.0.0" }), "updater-too-old", Reach.Bookkeeping),
        new("signed: larger than the slot", s => s.Resign(m => m with { Root = m.Root with { SpaceBytes = long.MaxValue } }), "root-space", Reach.Bookkeeping),
        new("signed: sizes below zero", s => s.Resign(m => m with { Root = m.Root with { SpaceBytes = -1 } }), "bad-image"),
        new("signed: a boot file outside the boot partition", s => s.Resign(m => m with { BootFiles = [new BootFile("../state/hostup/journal", 1, Digest.Of("x"u8))] }), "bad-image"),
        new("signed: another tree than the image's", s => s.Resign(m => m with { TreeDigest = Digest.Of("other"u8) }), "slot-mismatch", Reach.SignedSpare),
    ];

    private static IEnumerable<Case> Images() =>
    [
        new("image: a byte of its manifest", s => s.Server.Image(s.Image, manifest: Scene.Flip(s.Image.Image.ManifestBytes.ToArray(), 30)), "image-missing", Reach.Bookkeeping),
        new("image: the manifest of another image", s => s.Server.Image(s.Image, manifest: s.Other.Image.ManifestBytes.ToArray()), "image-missing", Reach.Bookkeeping),
        new("image: an index in the place of the manifest", s => s.Server.Image(s.Image, manifest: IndexOf(s.Other)), "image-missing", Reach.Bookkeeping),
        new("layer: a byte of its head", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, 4)), "digest-mismatch", Reach.Bookkeeping),
        new("layer: a byte of its middle", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, s.Image.Layer.Length / 2)), "digest-mismatch", Reach.Bookkeeping),
        new("layer: its last byte", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, -1)), "digest-mismatch", Reach.Bookkeeping),
        new("layer: cut short", s => s.Server.Image(s.Image, layer: s.Image.Layer[..^9]), "link", Reach.Bookkeeping),
        new("layer: of another image, as long as it should be", s => s.Server.Image(s.Image, layer: [.. s.Other.Layer.Concat(new byte[s.Image.Layer.Length]).Take(s.Image.Layer.Length)]), "digest-mismatch", Reach.Bookkeeping),
        new("layer: without an end", s => s.Server.Endless[LayerOf(s)] = true, "digest-mismatch", Reach.Bookkeeping),
    ];

    // The exceptions of docs/security.md: a layer in one piece is compared with its digest when it is at its end, and the spare may have its bytes by then.
    private static IEnumerable<Case> InOnePiece() => new Case[]
    {
        new("a byte of its head", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, 4)), "digest-mismatch"),
        new("a byte of its middle", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, s.Image.Layer.Length / 2)), "digest-mismatch"),
        new("its last byte", s => s.Server.Image(s.Image, layer: Scene.Flip(s.Image.Layer, -1)), "digest-mismatch"),
        new("cut short", s => s.Server.Image(s.Image, layer: s.Image.Layer[..^9]), "link"),
        new("longer", s => s.Server.Image(s.Image, layer: [.. s.Image.Layer, 0]), "digest-mismatch"),
        new("of another image", s => s.Server.Image(s.Image, layer: [.. s.Other.Layer.Concat(new byte[s.Image.Layer.Length]).Take(s.Image.Layer.Length)]), "digest-mismatch"),
        new("without an end", s => s.Server.Endless[LayerOf(s)] = true, "digest-mismatch", Reach.Bookkeeping),
    }.Select(c => c with { Name = "signed as it is, layer: " + c.Name, Tamper = s => { s.SignAsIs(); c.Tamper(s); }, Reach = c.Reach == Reach.Nothing ? Reach.UnsignedSpare : c.Reach });

    private static IEnumerable<Case> WithoutLayers() => new Case[]
    {
        new("a byte of its configuration", s => s.Server.Image(s.Image, config: Scene.Flip(s.Image.Image.ConfigBytes.ToArray(), 10)), "digest-mismatch", Reach.Bookkeeping),
        new("the configuration of another image", s => s.Server.Image(s.Image, config: s.Other.Image.ConfigBytes.ToArray()), "digest-mismatch", Reach.Bookkeeping),
        new("a configuration without an end", s => s.Server.Endless[$"v2/hostos/sim-device/blobs/{s.Image.Image.Manifest.Config.Digest}"] = true, "bad-image", Reach.Bookkeeping),
        new("a manifest without an end", s => s.Server.Endless[$"v2/hostos/sim-device/manifests/{s.Image.Image.Digest}"] = true, "image-missing", Reach.Bookkeeping),
    }.Select(c => c with { Name = "signed without layers, image: " + c.Name, Tamper = s => { s.SignWithoutLayers(); c.Tamper(s); } });

    private static string LayerOf(Scene scene) => $"v2/hostos/sim-device/blobs/{scene.Image.Image.Layers[0].Blob.Digest}";

    private static IEnumerable<Case> Updaters() =>
    [
        new("updater: a byte of the program", s => s.Updater(program: Scene.ProgramWith(5)), "digest-mismatch"),
        new("updater: the program cut short", s => s.Updater(program: Scene.ProgramOf(7)), "digest-mismatch"),
        new("updater: a program of zeros without an end", s => { s.Updater(); s.Server.Endless[$"device/v1/updaters/{s.Server.Poll.Target!.Updater!.Digest}"] = true; }, "digest-mismatch"),
        new("updater: a byte of its signature document", s => s.Updater(alter: e => Scene.Flip(e, e.Length - 12)), "signature"),
        new("updater: signed by the release key", s => s.Updater(key: s.Builder.Release), "signature"),
        new("updater: signed by a stranger", s => s.Updater(key: s.Builder.Stranger), "signature"),
        new("updater: a statement about another program", s => s.Updater(change: u => u with { Digest = Digest.Of("other"u8) }), "signature"),
        new("updater: a statement of another size", s => s.Updater(change: u => u with { Size = u.Size + 1 }), "signature"),
        new("updater: for another platform", s => s.Updater(change: u => u with { Platform = "linux-vax" }), "signature"),
        new("updater: a release in the place of its statement", s => s.Updater(alter: _ => s.Genuine), "signature"),
    ];

    private static IEnumerable<Case> Lists()
    {
        // A refused list changes nothing; the target is taken away so that only the list is judged.
        Case List(string name, Func<OsBuilder, (long, byte[])> list, string code) => new("trust list: " + name, s =>
        {
            s.Server.Poll = new(900, null);
            s.Server.Trust(list(s.Builder));
        }, code);
        yield return List("signed by a stranger", b => (2, b.Sign(b.Trust(2), b.Stranger)), "signature");
        yield return List("signed by the release key", b => (2, b.Sign(b.Trust(2, root: b.Release), b.Release)), "signature");
        yield return List("a new root key that did not sign", b => (2, b.Sign(b.Trust(2, root: b.Stranger), b.Root)), "signature");
        yield return List("a byte altered", b => (2, Scene.Flip(b.Sign(b.Trust(2), b.Root), -20)), "signature");
        yield return List("an old one under a new number", b => (2, b.Sign(b.Trust(1), b.Root)), "trust-list");
        yield return List("a release in its place", b => (2, Envelope.Sign(ReleaseManifest.PayloadType, b.Trust(2).ToJson(), b.Root).ToJson()), "signature");
        yield return new Case("trust list: announced and not there", s =>
        {
            s.Server.Trust((1, s.Builder.Sign(s.Builder.Trust(1), s.Builder.Root)));
            s.Server.Files["device/v1/trust"] = "{\"items\":[]}"u8.ToArray();
            s.Server.Poll = new(900, null) { TrustVersion = 7 };
        }, "trust-list");
    }

    private static void Signature(JsonNode envelope, Func<byte[], byte[]> change)
    {
        var signature = envelope["signatures"]![0]!;
        signature["sig"] = Convert.ToBase64String(change(Convert.FromBase64String(signature["sig"]!.GetValue<string>())));
    }

    private static void Masquerade(Scene scene)
    {
        var forged = JsonNode.Parse(Envelope.Sign(ReleaseManifest.PayloadType, scene.Manifest.ToJson(), scene.Builder.Stranger).ToJson())!;
        forged["signatures"]![0]!["keyid"] = scene.Builder.Release.KeyId;
        scene.Serve(OsBuilder.Text(forged.ToJsonString()));
    }

    private static byte[] IndexOf(BuiltImage image) => OsBuilder.Text(new JsonObject
    {
        ["schemaVersion"] = 2,
        ["mediaType"] = "application/vnd.oci.image.index.v1+json",
        ["manifests"] = new JsonArray(new JsonObject { ["mediaType"] = "application/vnd.oci.image.manifest.v1+json", ["digest"] = image.Image.Digest.ToString(), ["size"] = image.Image.ManifestBytes.Length }),
    }.ToJsonString());
}
