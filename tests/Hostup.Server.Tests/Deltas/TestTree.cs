using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Building;
using Hostup.Oci.Layers;

namespace Hostup.Server.Tests.Deltas;

/// <summary>A small root tree, its image, and a release of it on a real server.</summary>
internal sealed record TestTree(string Version, params (string Path, byte[] Content)[] Files)
{
    public const string Repository = "hostos/trees";

    /// <summary>About 150 kB that do not compress.</summary>
    public static TestTree Old(string version = "1.0.0") => new(version, ("usr/bin/engine", Bytes(1, 100_000)), ("usr/lib/same", Bytes(2, 50_000)), ("etc/os-release", Encoding.UTF8.GetBytes($"VERSION={version}\n")));

    /// <summary>The old one with a few bytes changed, some put in and a file more.</summary>
    public static TestTree New(string version = "2.0.0")
    {
        byte[] engine = Bytes(1, 100_000);
        engine[40_000] ^= 1;
        return new(version, ("usr/bin/engine", [.. engine.AsSpan(0, 70_000), 1, 2, 3, .. engine.AsSpan(70_000)]), ("usr/lib/same", Bytes(2, 50_000)), ("usr/lib/more", Bytes(3, 2_000)), ("etc/os-release", Encoding.UTF8.GetBytes($"VERSION={version}\n")));
    }

    public Task<SpooledTree> SpoolAsync() => SpooledTree.ReadAsync(Listed(), Path.GetTempPath(), default);

    public async Task<Digest> DigestAsync()
    {
        using var tree = await SpoolAsync();
        return tree.Digest;
    }

    /// <summary>Pushes its image and publishes a release of it.</summary>
    /// <param name="server">The server.</param>
    /// <param name="downloadBytes">What is signed as the size of the image; null: its true size.</param>
    /// <param name="tree">What is signed as its tree; null: the true one.</param>
    /// <param name="signsLayers">The manifest names the layers; else the image's own documents do.</param>
    /// <param name="deviceType">Of the release.</param>
    /// <param name="framed">The layer that it names is one member.</param>
    public async Task<ReleaseView> PublishAsync(TestServer server, long? downloadBytes = null, Digest? tree = null, bool signsLayers = false, string deviceType = TestServer.DeviceType, bool framed = false)
    {
        byte[] layer = await LayerAsync(), packed = Pack(layer);
        byte[] config = Encoding.UTF8.GetBytes(new JsonObject
        {
            ["architecture"] = "amd64",
            ["os"] = "linux",
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest.Of(layer).ToString()) },
        }.ToJsonString());
        byte[] manifest = TestServer.Manifest(config, packed);
        await PushAsync(server, config, packed, manifest);
        var image = new ReleaseImage
        {
            Digest = Digest.Of(manifest),
            Repository = Repository,
            DownloadBytes = downloadBytes ?? manifest.Length + config.Length + packed.Length,
            Layers = signsLayers || framed
                ? [new ReleaseLayer { Digest = Digest.Of(packed), Size = packed.Length, MediaType = "application/vnd.oci.image.layer.v1.tar+gzip", Members = framed ? [new LayerMember(packed.Length, layer.Length, Digest.Of(packed))] : [] }]
                : [],
        };
        return await server.PublishAsync(server.Sign(Version, image.Digest, deviceType, described: image, tree: tree ?? await DigestAsync()));
    }

    /// <summary>Digest of the one layer, as it is stored.</summary>
    public async Task<Digest> StoredLayerAsync() => Digest.Of(Pack(await LayerAsync()));

    private static async Task PushAsync(TestServer server, byte[] config, byte[] layer, byte[] manifest)
    {
        foreach (byte[] blob in (byte[][])[config, layer])
            (await server.Operator.PostAsync($"/v2/{Repository}/blobs/uploads/?digest={Digest.Of(blob)}", new ByteArrayContent(blob))).EnsureSuccessStatusCode();
        var content = new ByteArrayContent(manifest);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/vnd.oci.image.manifest.v1+json");
        (await server.Operator.PutAsync($"/v2/{Repository}/manifests/{Digest.Of(manifest)}", content)).EnsureSuccessStatusCode();
    }

    private async Task<byte[]> LayerAsync()
    {
        using var layer = new MemoryStream();
        await using var tree = Listed();
        await new LayerWriter(layer).WriteAsync(tree, default);
        return layer.ToArray();
    }

    private static byte[] Pack(byte[] layer)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(layer);
        return packed.ToArray();
    }

    private ListedTree Listed() => new(Files.Select(f => (new TreeEntry { Path = TreePath.Parse(f.Path), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = f.Content.Length }, (ReadOnlyMemory<byte>)f.Content)));

    private static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
