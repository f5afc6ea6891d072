using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;
using Hostup.Linux.Sources;
using Hostup.Oci.Registries;

namespace Hostup.Device.Tests.Attacks;

/// <summary>The thief of a server, who has everything that lay there, tries to make a device write one block or run one byte of his own.</summary>
public sealed class StolenServerTests : IAsyncLifetime
{
    private static readonly byte[] Program = OsBuilder.Text("#!/bin/sh\necho genuine\n");
    private static readonly byte[] EvilProgram = OsBuilder.Text("#!/bin/sh\necho evil\n");
    private readonly OsBuilder _builder = new();
    private readonly Impostor _thief = new();
    private StolenServer _stolen = null!;
    private BuiltImage _evilImage = null!;
    private BuiltImage _newImage = null!;
    private ReleaseManifest _older = null!;
    private ReleaseManifest _newer = null!;
    private byte[] _updater = null!;
    private int _attempts;

    public async ValueTask InitializeAsync()
    {
        var (old, fresh) = (SimRelease.Make("2.99.0", SimBehaviour.Good), SimRelease.Make("2.101.0", SimBehaviour.Good));
        var oldImage = await _builder.BuildAsync(old);
        _newImage = await _builder.BuildAsync(fresh);
        _evilImage = await _builder.BuildAsync(SimRelease.Make("2.102.0", SimBehaviour.Good));
        (_older, _newer) = (_builder.Manifest(old, oldImage, Victim.Sequence - 1), _builder.Manifest(fresh, _newImage, Victim.Sequence + 1));
        _updater = _builder.Sign(new UpdaterStatement { Version = "9.9.9", Digest = Digest.Of(Program), Size = Program.Length, Platform = ThisProgram.Platform });
        _stolen = await StolenServer.AfterWorkAsync(_builder, [(oldImage, _builder.Sign(_older)), (_newImage, _builder.Sign(_newer))], (Program, _updater), _builder.Sign(_builder.Trust(1), _builder.Root));
        _stolen.Open(_thief);
        _thief.Image(_evilImage);
    }

    public async ValueTask DisposeAsync()
    {
        await _thief.DisposeAsync();
        _stolen.Dispose();
        _builder.Dispose();
    }

    [Fact]
    public void There_is_no_signing_key_among_what_was_stolen()
    {
        var trusted = _builder.Trust(1);
        var ids = new[] { TrustRole.Release, TrustRole.Updater, TrustRole.Root }.SelectMany(r => trusted[r].Keys).Select(k => k.KeyId).ToHashSet();

        Assert.True(_stolen.Files.Count > 8, $"{_stolen.Files.Count} files");
        Assert.True(_stolen.Secrets.Count > 20, $"{_stolen.Secrets.Count} secrets");
        foreach (string file in _stolen.Files)
            Assert.DoesNotContain("PRIVATE KEY", Encoding.Latin1.GetString(File.ReadAllBytes(file)), StringComparison.Ordinal);
        Assert.All(Keys(), key => Assert.DoesNotContain(key.KeyId, ids));
    }

    [Fact]
    public async Task No_release_that_he_signs_with_anything_he_found_is_taken()
    {
        var evil = _builder.Manifest(SimRelease.Make("2.102.0", SimBehaviour.Good), _evilImage, 99);
        foreach (var key in Keys())
            Assert.Equal("signature", await AttackAsync(Target(Envelope.Sign(ReleaseManifest.PayloadType, evil.ToJson(), key).ToJson())));
    }

    [Fact]
    public async Task No_genuine_signature_fits_his_release()
    {
        var evil = _builder.Manifest(SimRelease.Make("2.102.0", SimBehaviour.Good), _evilImage, 99);
        Assert.True(_stolen.Documents.Count >= 4, $"{_stolen.Documents.Count} documents");
        foreach (var (_, document) in _stolen.Documents)
            Assert.Equal("signature", await AttackAsync(Target(WithPayload(document, ReleaseManifest.PayloadType, evil.ToJson()))));
    }

    [Fact]
    public async Task No_document_is_taken_for_what_it_is_not()
    {
        foreach (var (digest, document) in _stolen.Documents.Where(d => d.Envelope.PayloadType != ReleaseManifest.PayloadType))
            Assert.Equal("signature", await AttackAsync(Target(document.ToJson())));
        foreach (var (digest, document) in _stolen.Documents.Where(d => d.Envelope.PayloadType != UpdaterStatement.PayloadType))
            Assert.Equal("signature", await AttackAsync(Target(_builder.Sign(_newer), Updater(EvilProgram, document.ToJson()))));
    }

    [Fact]
    public async Task Nothing_of_his_own_runs_as_an_updater()
    {
        var evil = new UpdaterStatement { Version = "99.0.0", Digest = Digest.Of(EvilProgram), Size = EvilProgram.Length, Platform = ThisProgram.Platform };
        foreach (var key in Keys())
            Assert.Equal("signature", await AttackAsync(Target(_builder.Sign(_newer), Updater(EvilProgram, Envelope.Sign(UpdaterStatement.PayloadType, evil.ToJson(), key).ToJson()))));
        // the genuine statement about another program
        Assert.Equal("signature", await AttackAsync(Target(_builder.Sign(_newer), Updater(EvilProgram, _updater))));
        // the genuine statement, and other bytes under its digest
        _thief.Files[$"device/v1/updaters/{Digest.Of(Program)}"] = EvilProgram;
        Assert.Equal("digest-mismatch", await AttackAsync(Target(_builder.Sign(_newer), new UpdaterArtifact("9.9.9", Digest.Of(Program), Program.Length, _thief.Envelope(_updater)))));
    }

    [Fact]
    public async Task He_cannot_make_himself_the_root_of_trust()
    {
        foreach (var key in Keys().Take(8))
        {
            _thief.Trust((50, Envelope.Sign(TrustList.PayloadType, _builder.Trust(50, root: key, release: key).ToJson(), key).ToJson()));
            Assert.Equal("signature", await AttackAsync(Target(Envelope.Sign(ReleaseManifest.PayloadType, _newer.ToJson(), key).ToJson())));
        }
        _thief.Poll = new PollAnswer(1, null);
    }

    [Fact]
    public async Task An_older_signed_release_is_not_installed_whatever_he_says_about_it()
    {
        Assert.Equal("not-newer", await AttackAsync(Target(_builder.Sign(_older)), Reach.Bookkeeping));
        Assert.Equal("not-newer", await AttackAsync(Target(_builder.Sign(_older)) with { Reinstall = true, Version = "9.9.9" }, Reach.Bookkeeping));
    }

    [Fact]
    public async Task Swapped_images_and_registries_of_his_own_never_become_the_next_OS()
    {
        foreach (var (manifest, config, layer) in new[]
        {
            (_evilImage.Image.ManifestBytes.ToArray(), _evilImage.Image.ConfigBytes.ToArray(), _evilImage.Layer),
            (_newImage.Image.ManifestBytes.ToArray(), _evilImage.Image.ConfigBytes.ToArray(), _evilImage.Layer),
            (_newImage.Image.ManifestBytes.ToArray(), _newImage.Image.ConfigBytes.ToArray(), _evilImage.Layer),
        })
        {
            _thief.Image(_newImage, manifest, config, layer);
            Assert.NotNull(await AttackAsync(Target(_builder.Sign(_newer)) with { FallbackRegistries = [_thief.Base.ToString()] }, Reach.Bookkeeping));
        }
        _thief.Image(_newImage);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task No_supervisor_of_his_own_reaches_the_engine_and_the_OS_is_updated_all_the_same(bool genuineManifest, bool genuineLayer)
    {
        var image = EngineImageName.Parse(_newer.Supervisor!.Image!);
        byte[] layer = SimImage.LayerOf(image);
        _thief.Files[$"v2/{image.Repository}/manifests/{image.Digest}"] = OsBuilder.Text(genuineManifest ? image.Tag! : "evil");
        _thief.Files[$"v2/{image.Repository}/blobs/{Digest.Of(layer)}"] = genuineLayer ? layer : [.. layer.Select(b => (byte)~b)];
        _thief.Poll = _thief.Poll with { Target = Target(_builder.Sign(_newer)) };
        using var victim = new Victim(_builder.Trust(1), SimRelease.Make("2.101.0", SimBehaviour.Good));
        victim.Device.Ports.ImageRegistries = _ => [new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System), new RegistryLocation(_thief.Base, image.Repository), null)];

        await victim.FaceAsync(_thief.Base);
        await victim.Device.RunAsync();

        bool genuine = genuineManifest && genuineLayer;
        Assert.Equal(Reach.Switched, victim.Reached());
        Assert.Equal(AttemptStates.Committed, victim.Device.Outcome);
        Assert.Equal(genuine, await victim.Device.Ports.HasAsync(image, default));
        Assert.Equal(genuine ? "v14.1.0" : "v14.0.0", victim.Device.SupervisorVersion);
    }

    [Fact]
    public async Task Redirects_and_token_servers_get_no_key_of_the_device()
    {
        await using var accomplice = new Impostor();
        byte[] genuine = _builder.Sign(_newer);
        string document = $"device/v1/envelopes/{Digest.Of(genuine)}";
        _thief.Redirects[document] = new Uri(accomplice.Base, document);
        Assert.Equal("link", await AttackAsync(Target(genuine)));
        _thief.Redirects.Clear();

        string layer = $"v2/hostos/sim-device/blobs/{_newImage.Image.Layers[0].Blob.Digest}";
        _thief.Redirects[layer] = new Uri(accomplice.Base, layer);
        accomplice.Files[layer] = _evilImage.Layer;
        Assert.NotNull(await AttackAsync(Target(genuine), Reach.Bookkeeping));
        _thief.TokensAt = new Uri(accomplice.Base, "token");
        Assert.NotNull(await AttackAsync(Target(genuine), Reach.Bookkeeping));

        Assert.Contains(accomplice.Requests, r => r.StartsWith("token", StringComparison.Ordinal));
        Assert.Contains(accomplice.Requests, r => r.StartsWith("v2/", StringComparison.Ordinal));
        Assert.All(accomplice.Requests, r => Assert.EndsWith(" -", r, StringComparison.Ordinal));
    }

    /// <summary>The twin: what he may do with a stolen server is to hand on what the builder signed.</summary>
    [Fact]
    public async Task What_the_builder_signed_is_all_that_he_can_hand_on()
    {
        Assert.Null(await AttackAsync(Target(_builder.Sign(_newer), Updater(Program, _updater)), Reach.Switched));
    }

    /// <returns>Code of the refusal; null when there was none.</returns>
    private async Task<string?> AttackAsync(DeviceTarget target, Reach most = Reach.Nothing)
    {
        _thief.Poll = _thief.Poll with { Target = target };
        using var victim = new Victim(_builder.Trust(1), SimRelease.Make("2.101.0", SimBehaviour.Good));

        await victim.FaceAsync(_thief.Base);

        Assert.True(victim.Reached() <= most, $"{victim.Reached()}: {victim.Error?.Message}");
        Assert.Equal(1, victim.Trust.Load().Version);
        Assert.All(victim.Programs, p => Assert.Equal(Program, File.ReadAllBytes(p)));
        return victim.Error?.Code.Id;
    }

    private DeviceTarget Target(byte[] envelope, UpdaterArtifact? updater = null) =>
        new() { AttemptId = $"{_attempts++:x32}", Version = "2.101.0", ReleaseEnvelope = _thief.Envelope(envelope), Updater = updater };

    private UpdaterArtifact Updater(byte[] program, byte[] envelope)
    {
        _thief.Files[$"device/v1/updaters/{Digest.Of(program)}"] = program;
        return new UpdaterArtifact("99.0.0", Digest.Of(program), program.Length, _thief.Envelope(envelope));
    }

    /// <summary>Every secret that he found, as a signing key, and one of his own.</summary>
    private IEnumerable<SigningKey> Keys()
    {
        yield return _builder.Stranger;
        foreach (byte[] secret in _stolen.Secrets)
        {
            if (KeyOf(secret) is { } key)
                yield return key;
        }
    }

    private static SigningKey? KeyOf(byte[] secret)
    {
        try
        {
            using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = secret });
            return SigningKey.FromPem(key.ExportPkcs8PrivateKeyPem());
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static byte[] WithPayload(Envelope document, string type, byte[] payload)
    {
        var json = System.Text.Json.Nodes.JsonNode.Parse(document.ToJson())!;
        json["payloadType"] = type;
        json["payload"] = Convert.ToBase64String(payload);
        return OsBuilder.Text(json.ToJsonString());
    }
}
