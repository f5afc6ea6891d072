using Hostup.Core.RootTrees;
using Hostup.Lab.Registries;
using Hostup.Lab.Trees;
using Hostup.Linux.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Tests.RootTrees;

[Trait("Needs", "docker")]
public sealed class RegistryRoundTripTests : IAsyncDisposable
{
    private const string Registry = DockerRegistry.Program;
    private const string Skopeo = "/usr/bin/skopeo";

    private readonly TemporaryDirectory _scratch = new();
    private DockerRegistry? _registry;

    public async ValueTask DisposeAsync()
    {
        if (_registry is not null)
            await _registry.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task A_directory_keeps_its_digest_through_layout_skopeo_and_registry()
    {
        Run.NeedsRoot();
        Run.Needs(Registry, Skopeo);
        var source = _scratch.Sub("source");
        await RoundTripTests.WriteAsync(new ListedTree(RoundTripTests.Everything(attributes: true)), source);
        await RoundTripTests.WriteAsync(new ListedTree(RandomLayers.Make(77, 1, 80)[0]), source);
        var expected = await TreeDigestOfDirectory.ComputeAsync(source, null, default);
        var layout = OciLayout.Create(_scratch.Of("layout"));
        await RoundTripTests.BuildAsync(layout, [new DirectoryTreeReader(source)]);
        var address = await StartRegistryAsync();

        // One way: skopeo pushes what we built, we pull it. The other: we push, skopeo copies to an archive of docker's, we import it.
        Run.Checked(Skopeo, "copy", "--dest-tls-verify=false", $"oci:{layout.Directory}:test", $"docker://{address.Authority}/os/one:v1");
        using var http = new HttpClient(RegistryClient.NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        var one = new RegistryClient(http, new RegistryLocation(address, "os/one"), null, new TransferCounter());
        var pulled = await one.LoadAsync("v1", OciPlatform.LinuxAmd64, default);
        var first = _scratch.Sub("first");
        await RoundTripTests.WriteAsync(pulled.OpenLayers(one), first);

        var two = new RegistryClient(http, new RegistryLocation(address, "os/two"), null, new TransferCounter());
        await two.PushAsync(await layout.LoadAsync("test", OciPlatform.LinuxAmd64, default), layout, "v2", default);
        Run.Checked(Skopeo, "copy", "--src-tls-verify=false", $"docker://{address.Authority}/os/two:v2", $"docker-archive:{_scratch.Of("saved.tar")}:os/two:v2");
        await using var archive = File.OpenRead(_scratch.Of("saved.tar"));
        var imported = OciLayout.Create(_scratch.Of("imported"));
        var image = Assert.Single(await DockerArchive.ImportAsync(archive, imported, default));
        var second = _scratch.Sub("second");
        await RoundTripTests.WriteAsync(image.OpenLayers(imported), second);

        Assert.Equal(expected, await TreeDigestOfDirectory.ComputeAsync(first, null, default));
        Assert.Equal(expected, await TreeDigestOfDirectory.ComputeAsync(second, null, default));
    }

    [Fact]
    public async Task A_real_registry_answers_as_the_client_expects()
    {
        Run.Needs(Registry);
        var address = await StartRegistryAsync();
        var layout = OciLayout.Create(_scratch.Of("layout"));
        var image = await RoundTripTests.BuildAsync(layout, [new ListedTree(RandomLayers.Make(3, 1, 50)[0])]);
        using var http = new HttpClient(RegistryClient.NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };
        var client = new RegistryClient(http, new RegistryLocation(address, "os/three"), null, new TransferCounter());

        await client.PushAsync(image, layout, null, default);
        var layer = image.Manifest.Layers[0];
        await using var rest = await client.OpenAsync(layer, layer.Size - 10, default);
        using var tail = new MemoryStream();
        await rest.CopyToAsync(tail);

        Assert.Equal(image.Digest, (await client.LoadAsync(image.Digest.ToString(), OciPlatform.LinuxAmd64, default)).Digest);
        Assert.Equal((await File.ReadAllBytesAsync(Path.Combine(layout.Directory, "blobs/sha256", layer.Digest.Hex)))[^10..], tail.ToArray());
        Assert.False(await client.HasBlobAsync(Core.Digest.Of("nothing"u8), default));
    }

    [Fact]
    public async Task Bytes_that_a_real_registry_sends_are_within_two_percent_of_the_plan()
    {
        Run.Needs(Registry);

        await Plan.PlannedBytesTests.AssertPlanHoldsAsync(await StartRegistryAsync());
    }

    private async Task<Uri> StartRegistryAsync() => (_registry = await DockerRegistry.StartAsync(_scratch.Path, default)).Address;
}
