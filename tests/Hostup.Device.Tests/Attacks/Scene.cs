using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Sim;

namespace Hostup.Device.Tests.Attacks;

/// <summary>A device, its builder, and a server that serves a good release until a case alters something.</summary>
internal sealed class Scene : IDisposable
{
    public const string NewVersion = "2.101.0";
    private static readonly byte[] Program = OsBuilder.Text("#!/bin/sh\necho a device program\n");

    private Scene(OsBuilder builder, SimRelease release, BuiltImage image, BuiltImage other)
    {
        (Builder, Image, Other) = (builder, image, other);
        Victim = new Victim(builder.Trust(1), release);
        Manifest = builder.Manifest(release, image, sequence: 5);
        Genuine = builder.Sign(Manifest);
        Server.Image(image);
        Serve(Genuine);
    }

    public OsBuilder Builder { get; }

    public Impostor Server { get; } = new();

    public Victim Victim { get; private set; }

    public ReleaseManifest Manifest { get; }

    /// <summary>The good release's envelope.</summary>
    public byte[] Genuine { get; }

    public BuiltImage Image { get; }

    /// <summary>Another good image of the builder's, which this release does not name.</summary>
    public BuiltImage Other { get; }

    public static async Task<Scene> SetAsync(byte[]? ballast = null)
    {
        var builder = new OsBuilder();
        var release = SimRelease.Make(NewVersion, SimBehaviour.Good, ballast: ballast);
        return new Scene(builder, release, await builder.BuildAsync(release), await builder.BuildAsync(SimRelease.Make("2.99.0", SimBehaviour.Good)));
    }

    public void Dispose()
    {
        Victim.Dispose();
        Builder.Dispose();
    }

    /// <summary>The target is this document, under whatever digest the server calls it.</summary>
    public void Serve(byte[] envelope, bool reinstall = false, IReadOnlyList<string>? fallback = null) => Server.Poll = Server.Poll with
    {
        Target = new DeviceTarget
        {
            AttemptId = "0123456789abcdef0123456789abcdef", Version = NewVersion, ReleaseEnvelope = Server.Envelope(envelope),
            Updater = Server.Poll.Target?.Updater, Reinstall = reinstall, FallbackRegistries = fallback ?? [],
        },
    };

    /// <summary>Signs the manifest as the builder does, changed.</summary>
    public void Resign(Func<ReleaseManifest, ReleaseManifest> change, bool reinstall = false) => Serve(Builder.Sign(change(Manifest)), reinstall);

    /// <summary>Signs the image as <c>release sign --as-is</c> does: its layer is one piece, with one digest at its end.</summary>
    public void SignAsIs() => Resign(m => m with { Image = m.Image with { Layers = [.. m.Image.Layers.Select(l => l with { Members = [] })] } });

    /// <summary>Signs it as older programs did: the registry's documents name the layers.</summary>
    public void SignWithoutLayers() => Resign(m => m with { Image = m.Image with { Layers = [] } });

    /// <summary>Signs a release whose only layer holds these bytes, framed: whoever built it, the signature is good.</summary>
    /// <param name="tar">What the layer inflates to.</param>
    /// <param name="saidBytes">What the manifest says that it inflates to; null: the truth.</param>
    public void SignLayer(byte[] tar, int? saidBytes = null)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            gzip.Write(tar);
        byte[] layer = packed.ToArray();
        var member = new LayerMember(layer.Length, saidBytes ?? tar.Length, Digest.Of(layer));
        var signed = new ReleaseLayer { Digest = member.Digest, Size = layer.Length, MediaType = "application/vnd.oci.image.layer.v1.tar+gzip", Members = [member] };
        Server.Files[$"v2/hostos/sim-device/blobs/{signed.Digest}"] = layer;
        Resign(m => m with { Image = m.Image with { Layers = [signed] } });
    }

    /// <summary>Alters the payload and leaves the signatures.</summary>
    public void Field(string path, JsonNode? value)
    {
        var payload = JsonNode.Parse(Envelope.Parse(Genuine).UnverifiedPayload.Span)!;
        string[] parts = path.Split('.');
        var at = parts[..^1].Aggregate(payload, (node, part) => node[part]!);
        if (value is null)
            at.AsObject().Remove(parts[^1]);
        else
            at[parts[^1]] = value;
        Alter(e => e["payload"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(payload.ToJsonString())));
    }

    /// <summary>Alters the envelope.</summary>
    public void Alter(Action<JsonNode> change)
    {
        var envelope = JsonNode.Parse(Genuine)!;
        change(envelope);
        Serve(Encoding.UTF8.GetBytes(envelope.ToJsonString()));
    }

    /// <summary>Names an updater, good unless told otherwise.</summary>
    public void Updater(string version = "9.9.9", byte[]? program = null, SigningKey? key = null, Func<UpdaterStatement, UpdaterStatement>? change = null, Func<byte[], byte[]>? alter = null)
    {
        var statement = new UpdaterStatement { Version = version, Digest = Digest.Of(Program), Size = Program.Length, Platform = ThisProgram.Platform };
        byte[] envelope = Builder.Sign(change?.Invoke(statement) ?? statement, key);
        var digest = Server.Envelope(alter?.Invoke(envelope) ?? envelope);
        Server.Files[$"device/v1/updaters/{statement.Digest}"] = program ?? Program;
        Server.Poll = Server.Poll with { Target = Server.Poll.Target! with { Updater = new UpdaterArtifact(version, statement.Digest, statement.Size, digest) } };
    }

    /// <summary>Another device, which asks for two of two release keys.</summary>
    public void AskForTwoKeys()
    {
        Victim.Dispose();
        Victim = new Victim(Builder.Trust(1, threshold: 2));
    }

    public static byte[] Flip(byte[] bytes, int at)
    {
        byte[] altered = [.. bytes];
        altered[at < 0 ? bytes.Length + at : at] ^= 1;
        return altered;
    }

    public static byte[] ProgramWith(int at) => Flip(Program, at);

    public static byte[] ProgramOf(int length) => [.. Program.Concat(new byte[Math.Max(0, length)]).Take(length)];
}
