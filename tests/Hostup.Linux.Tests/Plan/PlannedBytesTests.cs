using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Lab.Registries;
using Hostup.Lab.Sim;
using Hostup.Lab.Trees;
using Hostup.Linux.Sources;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci.Images;
using Hostup.Oci.Layouts;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Tests.Plan;

/// <summary>What a plan says an image costs, and what a registry on a socket then sends.</summary>
public sealed class PlannedBytesTests
{
    private static readonly SimRelease Old = SimRelease.Make("2.100.0", SimBehaviour.Good);
    private static readonly SimRelease New = SimRelease.Make("2.101.0", SimBehaviour.Good);

    [Theory, InlineData(null), InlineData("a-token-of-some-length")]
    public async Task Bytes_that_arrive_are_within_two_percent_of_the_plan(string? token)
    {
        await using var registry = new ScriptedRegistry { Token = token };

        await AssertPlanHoldsAsync(registry.Base);
    }

    [Fact]
    public async Task An_image_that_the_registry_does_not_have_is_found_missing_for_no_bytes_of_it()
    {
        await using var registry = new ScriptedRegistry();
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System);
        var source = new RegistrySource("registry", link, registry.Base, null, null);

        var error = await Assert.ThrowsAsync<HostupException>(() => source.ProbeAsync(New.Manifest(2), default).AsTask());

        Assert.Equal(HostupErrors.NotFound, error.Code);
        Assert.InRange(source.Bytes.Received, 0, 1000);
    }

    [Fact]
    public async Task A_registry_that_does_not_listen_cannot_be_reached()
    {
        Uri gone;
        await using (var registry = new ScriptedRegistry())
            gone = registry.Base;
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System);

        var error = await Assert.ThrowsAsync<HostupException>(() => new RegistrySource("registry", link, gone, null, null).ProbeAsync(New.Manifest(2), default).AsTask());

        Assert.Equal(HostupErrorKind.Transient, error.Code.Kind);
    }

    /// <summary>Pushes an image, plans its update, then does what check-device and write-slot do with the source.</summary>
    internal static async Task AssertPlanHoldsAsync(Uri registry)
    {
        using var scratch = new TemporaryDirectory();
        using var link = new SourceLink(new UpdatePolicy(), TimeProvider.System);
        var layout = OciLayout.Create(scratch.Of("layout"));
        var image = await RoundTripTests.BuildAsync(layout, [.. RandomLayers.Make(11, 3, 400).Select(l => new Core.RootTrees.ListedTree(l))]);
        await new RegistryClient(link.Http, new RegistryLocation(registry, "hostos/sim-device"), null, new TransferCounter()).PushAsync(image, layout, null, default);
        var device = new SimDevice(Old, New) { Sources = [new RegistrySource("registry", link, registry, null, null)] };
        device.Target = device.Target with { Release = device.Target.Release with { Image = device.Target.Release.Image with { Digest = image.Digest, DownloadBytes = DownloadBytes(image), Layers = [] } } };

        var plan = await device.Target.PlanAsync(device);
        var source = new RegistrySource("registry", link, registry, null, null);
        await source.ProbeAsync(device.Target.Release, default);
        await using (var reader = await source.OpenAsync(device.Target.Release, null, default))
        {
            while (await reader.NextAsync(default) is not null)
            {
                // every entry's content is passed over, and counted
            }
        }

        long planned = plan.Estimate!.Bytes.Where(b => b.Cause == source.Name).Sum(b => b.Received!.Value);
        Assert.True(planned > 100_000, $"{planned} bytes are too few to tell two percent");
        Assert.InRange(source.Bytes.Received, planned * 0.98, planned * 1.02);
    }

    // As `hostup release sign` counts them: manifest, configuration, layers.
    private static long DownloadBytes(OciImage image) => image.ManifestBytes.Length + image.Manifest.Config.Size + image.Manifest.Layers.Sum(l => l.Size);
}
