using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Core.Trust;
using Hostup.Lab.Registries;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;

namespace Hostup.Cli.Tests;

/// <summary>Where an OS builder's image may come from, and which of its variants is signed.</summary>
public sealed class SignedImageTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hostup-signed-").FullName;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_image_in_a_layout_in_a_docker_archive_and_in_a_registry_is_one_tree()
    {
        await KeyAsync();
        await TestImage.WriteAsync(At("layout"), "2.0.0");
        await SaveAsArchiveAsync(At("layout"), At("saved.tar"));
        await using var registry = new ScriptedRegistry();
        await FillAsync(registry, At("layout"), "v1");

        var layout = await SignAsync(At("layout"));
        var archive = await SignAsync(At("saved.tar"));
        var pulled = await SignAsync($"docker://{registry.Base.Authority}/hostos:v1");

        Assert.Equal("2.0.0", layout.Version);
        Assert.Equal((layout.TreeDigest, layout.Version), (archive.TreeDigest, archive.Version));
        Assert.Equal((layout.TreeDigest, layout.Image.Digest), (pulled.TreeDigest, pulled.Image.Digest));
    }

    [Theory]
    [InlineData("docker://registry.example.com/hostos", 2, "it is not HOST/REPOSITORY:TAG or HOST/REPOSITORY@DIGEST")]
    [InlineData("nothing-there", 1, "nothing-there")]
    public async Task A_name_that_leads_to_no_image_is_said(string name, int exit, string why)
    {
        await KeyAsync();

        var run = await CommandRun.OfAsync(Sign(name.Contains(':', StringComparison.Ordinal) ? name : At(name), "genericx86-64"));

        Assert.Equal(exit, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("raspberrypi4-64", null, "arm64")]
    [InlineData("genericx86-64", null, "amd64")]
    [InlineData("my-board", "linux/arm64", "arm64")]
    public async Task Of_several_variants_the_device_type_s_is_signed(string type, string? platform, string architecture)
    {
        await KeyAsync();
        await WriteVariantsAsync(At("layout"));

        var release = await SignAsync(At("layout"), type, platform);

        // an OS of each variant has a version of its own here
        Assert.Equal(architecture == "arm64" ? "2.0.64" : "2.0.0", release.Version);
    }

    [Theory]
    [InlineData("my-board", null, 2, "it has them for linux/amd64, linux/arm64")]
    [InlineData("raspberrypi3", null, 1, "it has no variant for linux/arm/v7")]
    [InlineData("my-board", "arm64", 2, "it is not OS/ARCHITECTURE")]
    public async Task A_variant_that_cannot_be_chosen_is_asked_for(string type, string? platform, int exit, string why)
    {
        await KeyAsync();
        await WriteVariantsAsync(At("layout"));

        var run = await CommandRun.OfAsync(Sign(At("layout"), type, platform));

        Assert.Equal(exit, run.ExitCode);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("release.dsse")));
    }

    [Fact]
    public async Task An_image_for_another_machine_is_refused_unless_only_its_configuration_is_wrong()
    {
        await KeyAsync();
        await TestImage.WriteAsync(At("layout"), "2.0.0");

        var run = await CommandRun.OfAsync(Sign(At("layout"), "raspberrypi4-64"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("its configuration says linux/amd64, and linux/arm64 is wanted", run.Error, StringComparison.Ordinal);
        Assert.Contains("--platform linux/amd64", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(At("release.dsse")));
        Assert.Equal("2.0.0", (await SignAsync(At("layout"), "raspberrypi4-64", "linux/amd64")).Version);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private Task<CommandRun> KeyAsync() => CommandRun.OfAsync("key", "new", "--role", "release", "--out", At("release.key"));

    private string[] Sign(string image, string type, string? platform = null) =>
        ["release", "sign", "--image", image, "--key", At("release.key"), "--device-type", type, "--boot-loader", "grub", "--sequence", "1", "--out", At("release.dsse"), .. platform is null ? [] : (string[])["--platform", platform]];

    private async Task<ReleaseManifest> SignAsync(string image, string type = "genericx86-64", string? platform = null)
    {
        var run = await CommandRun.OfAsync(Sign(image, type, platform));
        Assert.True(run.ExitCode == 0, run.Error);
        return ReleaseManifest.Parse(Envelope.Parse(await File.ReadAllBytesAsync(At("release.dsse"), Ct)).UnverifiedPayload.Span);
    }

    /// <summary>An index as docker's builder makes it: two machines, and what is attested of one of them.</summary>
    private static async Task WriteVariantsAsync(string folder)
    {
        var arm = new OciPlatform("arm64", "linux");
        await TestImage.WriteAsync(folder + ".amd64", "2.0.0");
        await TestImage.WriteAsync(folder + ".arm64", "2.0.64", platform: arm);
        var layout = OciLayout.Create(folder);
        List<OciDescriptor> variants = [];
        foreach (var platform in new[] { OciPlatform.LinuxAmd64, arm })
        {
            var source = OciLayout.Open($"{folder}.{platform.Architecture}");
            var image = await source.LoadAsync(null, platform, Ct);
            foreach (var blob in image.Manifest.Layers.Append(image.Manifest.Config).Append(image.Descriptor))
                await layout.CopyBlobAsync(blob, source, Ct);
            variants.Add(image.Descriptor with { Platform = platform });
        }
        var attested = await layout.WriteBlobAsync("{}"u8.ToArray(), MediaTypes.Manifest, Ct);
        variants.Add(attested with { Platform = new OciPlatform("unknown", "unknown") });
        string entries = string.Join(',', variants.Select(v => $$$"""{"mediaType":"{{{v.MediaType}}}","digest":"{{{v.Digest}}}","size":{{{v.Size}}},"platform":{"architecture":"{{{v.Platform!.Architecture}}}","os":"{{{v.Platform.Os}}}"}}"""));
        byte[] index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.Index}}","manifests":[{{entries}}]}""");
        await layout.AddManifestAsync(await layout.WriteBlobAsync(index, MediaTypes.Index, Ct), "os:all", Ct);
    }

    /// <summary>What `docker save` writes.</summary>
    private static async Task SaveAsArchiveAsync(string folder, string file)
    {
        var layout = OciLayout.Open(folder);
        var image = await layout.LoadAsync(null, OciPlatform.LinuxAmd64, Ct);
        using var layer = new MemoryStream();
        await using (var packed = new GZipStream(await layout.OpenAsync(Assert.Single(image.Layers).Blob, 0, Ct), CompressionMode.Decompress))
            await packed.CopyToAsync(layer, Ct);
        await using var tar = new TarWriter(File.Create(file));
        foreach (var (name, content) in new[]
        {
            ("config.json", image.ConfigBytes.ToArray()),
            ("layer.tar", layer.ToArray()),
            ("manifest.json", """[{"Config":"config.json","RepoTags":["os:1"],"Layers":["layer.tar"]}]"""u8.ToArray()),
        })
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) }, Ct);
    }

    private static async Task FillAsync(ScriptedRegistry registry, string folder, string tag)
    {
        var image = await OciLayout.Open(folder).LoadAsync(null, OciPlatform.LinuxAmd64, Ct);
        foreach (var blob in image.Manifest.Layers.Append(image.Manifest.Config))
            registry.AddBlob(await File.ReadAllBytesAsync(Path.Combine(folder, "blobs", "sha256", blob.Digest.Hex), Ct));
        registry.AddManifest(tag, image.Descriptor.MediaType!, image.ManifestBytes.ToArray());
    }
}
