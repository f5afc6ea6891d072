using System.Text;
using Hostup.Core;
using Hostup.Core.Releases;
using Hostup.Lab.Registries;
using Hostup.Oci.Images;

namespace Hostup.Linux.Tests.Engine;

/// <summary>A container image of one layer, by hand: what is in the layer nobody looks at.</summary>
internal sealed class SmallImage
{
    public SmallImage(int layerBytes = 300_000)
    {
        Layer = new byte[layerBytes];
        new Random(layerBytes).NextBytes(Layer);
        Config = Encoding.UTF8.GetBytes($$$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["{{{Digest.Of(Layer)}}}"]}}""");
        Manifest = Encoding.UTF8.GetBytes(
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.Manifest}}","config":{{Describe(MediaTypes.Config, Config)}},"layers":[{{Describe(MediaTypes.Layer, Layer)}}]}""");
        Name = EngineImageName.Parse($"{Repository}:v2@{Digest.Of(Manifest)}");
    }

    public const string Repository = "os/supervisor";

    public byte[] Layer { get; }

    public byte[] Config { get; }

    public byte[] Manifest { get; }

    public EngineImageName Name { get; }

    public void AddTo(ScriptedRegistry registry)
    {
        registry.AddBlob(Layer);
        registry.AddBlob(Config);
        registry.AddManifest("v2", MediaTypes.Manifest, Manifest);
    }

    private static string Describe(string type, byte[] content) => $$"""{"mediaType":"{{type}}","digest":"{{Digest.Of(content)}}","size":{{content.Length}}}""";
}
