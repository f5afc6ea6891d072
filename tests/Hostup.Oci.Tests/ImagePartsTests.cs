using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Oci.Tests;

/// <summary>What a document of an image names.</summary>
public sealed class ImagePartsTests
{
    private static readonly string A = Digest.Of("a"u8).ToString(), B = Digest.Of("b"u8).ToString();

    [Theory]
    [InlineData(MediaTypes.Manifest)]
    [InlineData(MediaTypes.DockerManifest)]
    public void A_manifest_names_its_configuration_and_layers(string type)
    {
        var parts = ImageParts.Of(type, Bytes($$"""{"schemaVersion":2,"config":{"mediaType":"c","digest":"{{A}}","size":1},"layers":[{"mediaType":"l","digest":"{{B}}","size":2}]}"""));

        Assert.Empty(parts.Manifests);
        Assert.Equal([(A, 1L), (B, 2L)], parts.Blobs.Select(b => (b.Digest.ToString(), b.Size)));
    }

    [Theory]
    [InlineData(MediaTypes.Index)]
    [InlineData(MediaTypes.DockerIndex)]
    public void An_index_names_its_manifests(string type)
    {
        var parts = ImageParts.Of(type, Bytes($$"""{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"{{A}}","size":1},{"mediaType":"m","digest":"{{B}}","size":2}]}"""));

        Assert.Empty(parts.Blobs);
        Assert.Equal([A, B], parts.Manifests.Select(m => m.Digest.ToString()));
    }

    [Theory]
    [InlineData(MediaTypes.Manifest, "{}")]
    [InlineData(MediaTypes.Manifest, """{"config":{"mediaType":"c","digest":"sha256:00","size":1},"layers":[]}""")]
    [InlineData(MediaTypes.Manifest, """{"config":{"mediaType":"c","digest":"DIGEST","size":-1},"layers":[]}""")]
    [InlineData(MediaTypes.Manifest, """{"config":{"mediaType":"c","digest":"DIGEST","size":1},"layers":[null]}""")]
    [InlineData(MediaTypes.Index, """{"manifests":[null]}""")]
    [InlineData(MediaTypes.Index, "no json")]
    [InlineData("text/html", "{}")]
    public void What_is_neither_is_refused(string type, string document) =>
        Assert.Equal(HostupErrors.BadImage, Assert.Throws<HostupException>(() => ImageParts.Of(type, Bytes(document.Replace("DIGEST", A, StringComparison.Ordinal)))).Code);

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
