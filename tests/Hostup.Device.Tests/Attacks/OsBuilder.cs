using System.Text;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Trust;
using Hostup.Lab.Sim;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Device.Tests.Attacks;

/// <summary>The OS builder: the only one who has signing keys. Nothing here ever lies on a server.</summary>
internal sealed class OsBuilder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hostup-builder-");

    public SigningKey Root { get; } = SigningKey.Create();

    public SigningKey Release { get; } = SigningKey.Create();

    public SigningKey Updater { get; } = SigningKey.Create();

    /// <summary>Somebody else's key.</summary>
    public SigningKey Stranger { get; } = SigningKey.Create();

    public void Dispose()
    {
        foreach (var key in (SigningKey[])[Root, Release, Updater, Stranger])
            key.Dispose();
        _folder.Delete(recursive: true);
    }

    public TrustList Trust(long version, SigningKey? root = null, SigningKey? release = null, int threshold = 1) => TrustList.Create(new Dictionary<TrustRole, TrustedKeys>
    {
        [TrustRole.Root] = new([(root ?? Root).Public], 1),
        [TrustRole.Release] = threshold == 1 ? new([(release ?? Release).Public], 1) : new([Release.Public, Stranger.Public], 2),
        [TrustRole.Updater] = new([Updater.Public], 1),
    }, version);

    public ReleaseManifest Manifest(SimRelease release, BuiltImage image, long sequence) => release.Manifest(sequence) with
    {
        Image = new ReleaseImage { Digest = image.Image.Digest, Repository = "hostos/sim-device", DownloadBytes = image.Image.DownloadBytes, Layers = image.Layers },
    };

    public byte[] Sign(ReleaseManifest manifest) => Envelope.Sign(ReleaseManifest.PayloadType, manifest.ToJson(), Release).ToJson();

    public byte[] Sign(TrustList list, params SigningKey[] keys) =>
        keys[1..].Aggregate(Envelope.Sign(TrustList.PayloadType, list.ToJson(), keys[0]), (signed, key) => signed.SignedBy(key)).ToJson();

    public byte[] Sign(UpdaterStatement statement, SigningKey? key = null) => Envelope.Sign(UpdaterStatement.PayloadType, statement.ToJson(), key ?? Updater).ToJson();

    /// <summary>The image of a release, one layer, framed as <c>release sign</c> does it.</summary>
    public async Task<BuiltImage> BuildAsync(SimRelease release)
    {
        var layout = OciLayout.Create(Path.Combine(_folder.FullName, Guid.NewGuid().ToString("N")));
        var builder = new ImageBuilder(layout, OciPlatform.LinuxAmd64);
        await builder.AddLayerAsync(new ListedTree(release.Files.Select(f =>
            (new TreeEntry { Path = TreePath.Parse(f.Key), Kind = TreeEntryKind.File, Mode = 0x1A4, Size = f.Value.Length }, (ReadOnlyMemory<byte>)f.Value))), "test", default);
        var built = await builder.FinishAsync("os", new Dictionary<string, string>(), default);
        var framed = OciLayout.Create(layout.Directory + ".framed");
        var (image, layers) = await new ImageReframing(framed).FrameAsync(built, layout, "os", default);
        return new BuiltImage(image, framed, layers, await File.ReadAllBytesAsync(Path.Combine(framed.Directory, "blobs", "sha256", image.Layers[0].Blob.Digest.Hex)));
    }

    public static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}

/// <summary>An image with its layers as they are signed, and the bytes of the one that it has.</summary>
internal sealed record BuiltImage(OciImage Image, OciLayout Layout, IReadOnlyList<ReleaseLayer> Layers, byte[] Layer);
