using System.Text.Json;
using Hostup.Core;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Building;
using Hostup.Delta.Format;
using Hostup.Delta.Repair;
using Hostup.Linux.RootTrees;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Lab.Networks;

/// <summary>A folder with an older tree of a release, and the delta from it, which the release's registry offers.</summary>
/// <param name="Content">The delta.</param>
/// <param name="Header">Its header.</param>
public sealed record NetworkDelta(byte[] Content, DeltaHeader Header)
{
    private static readonly DeltaOptions ManyFrames = new() { Quality = 4, FrameBytes = 1 << 20, FrameCopyBytes = 8 << 20, FrameCostBytes = 512 << 10, Threads = 1 };

    /// <summary>What the server says of it.</summary>
    public DeltaOffer Offer => new(Digest.Of(Content), Content.Length, Header.Frames.Count, "os/test");

    /// <summary>Manifest of the artefact in the registry, with the delta and its repair list; an offer that does not name it has none.</summary>
    public Digest Artifact { get; init; }

    /// <summary>Bytes of its largest frame.</summary>
    public long LargestFrame => Header.Frames.Max(f => f.StoredBytes);

    /// <summary>The offer as the server writes it.</summary>
    public (int Status, string Document) Answer => (200, JsonSerializer.Serialize(Offer, WireJson.Default.DeltaOffer));

    /// <summary>Writes the older tree, builds the delta and has the registry offer it.</summary>
    /// <param name="release">The release.</param>
    /// <param name="running">Receives the older tree.</param>
    public static async Task<NetworkDelta> MakeAsync(NetworkRelease release, string running)
    {
        Directory.CreateDirectory(running);
        using (var writer = new SlotTreeWriter(running))
        {
            await using var older = new OlderTree(Layers(release));
            while (await older.NextAsync(default) is { } entry)
                await writer.WriteAsync(entry, older, 0, _ => default, default);
            await writer.FinishAsync(default);
        }
        var scratch = Directory.CreateTempSubdirectory("hostup-network-delta-");
        try
        {
            await using var oldFiles = new DirectoryTreeReader(running);
            using var from = await SpooledTree.ReadAsync(oldFiles, scratch.FullName, default);
            var places = new Dictionary<Digest, TreePlace>();
            await using var layers = Layers(release);
            await using var newFiles = new ContentPlaces(layers, places);
            using var to = await SpooledTree.ReadAsync(newFiles, scratch.FullName, default);
            using var built = new MemoryStream();
            var header = await DeltaBuilder.BuildAsync(from, to, built, ManyFrames, default);
            var delta = new NetworkDelta(built.ToArray(), header) { Artifact = Store(release, built.ToArray(), RepairList.Of(to, places).Write()) };
            release.Registry.Deltas = asked => asked == $"/device/v1/deltas/{release.Manifest.Image.Digest}?from={from.Digest}" ? delta.Answer : (404, """{"code":"no-delta","title":"cannot offer a delta: the trees are not known here","detail":"the device takes the full image"}""");
            return delta;
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    /// <summary>Puts both into the registry, as a server does.</summary>
    private static Digest Store(NetworkRelease release, byte[] delta, byte[] repairs)
    {
        byte[] manifest = OciArtifact.Manifest(
            MediaTypes.Delta,
            [Describe(MediaTypes.Delta, delta), Describe(MediaTypes.DeltaRepairs, repairs)],
            Describe(MediaTypes.Manifest, release.Manifest.ToJson()) with { Digest = release.Manifest.Image.Digest },
            new Dictionary<string, string>());
        release.Registry.AddBlob(delta);
        release.Registry.AddBlob(repairs);
        release.Registry.AddManifest("delta", MediaTypes.Manifest, manifest);
        return Digest.Of(manifest);
    }

    private static OciDescriptor Describe(string type, byte[] content) => new() { MediaType = type, Digest = Digest.Of(content), Size = content.Length };

    private static LayersReader Layers(NetworkRelease release) => new(OciLayout.Open(release.Layout), [.. release.Manifest.Image.Layers.Select(OciLayer.Of)]);

    /// <summary>A tree in which most files differ a little, and every fourth mebibyte of a large one altogether.</summary>
    private sealed class OlderTree(ITreeReader tree) : ITreeReader
    {
        private long _position;
        private bool _differs;

        public async ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            var entry = await tree.NextAsync(ct);
            (_position, _differs) = (0, entry is not null && entry.Path.Name is [.., not (byte)'3']);
            return entry;
        }

        public async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct)
        {
            int read = await tree.ReadAsync(buffer, ct);
            var part = buffer.Span[..read];
            for (int i = 0; _differs && i < part.Length; i++)
            {
                long at = _position + i;
                if (at % 50_000 == 7)
                    part[i] ^= 0x55;
                if (at >> 20 is var mebibyte && mebibyte % 4 == 1)
                    part[i] = (byte)(((ulong)at * 0x9E3779B97F4A7C15) >> 56);
            }
            _position += read;
            return read;
        }

        public ValueTask DisposeAsync() => tree.DisposeAsync();
    }
}
