using Hostup.Lab.Networks;
using Hostup.Lab.Registries;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Tests.Networks;

/// <summary>A real docker-registry as fallback, when the primary goes away in mid-download.</summary>
[Trait("Needs", "docker")]
public sealed class RealFallbackTests
{
    private const string Skopeo = "/usr/bin/skopeo";
    private static readonly RegistryLimits Impatient = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));

    [Fact]
    public async Task When_the_primary_is_gone_in_mid_download_a_real_registry_brings_the_rest_and_the_account_says_so()
    {
        await using var scene = await Scene.SetAsync(12 << 20);
        var (scratch, release, real) = (scene.Scratch, scene.Release, scene.Real);
        await using var primary = new BadNetwork(release.Registry.Base);
        await using var fallback = new BadNetwork(real.Address);
        primary.Faults.Enqueue(new(NetworkFaultKind.Cut, 5_000_000));
        primary.Rest = new(NetworkFaultKind.CloseAtOnce);
        using var fetch = new SlotFetch(scratch.Sub("device")) { Limits = Impatient };

        string brought = await fetch.RunAsync(release.Manifest, [("registry", primary.Address), ("fallback", fallback.Address)], default);

        Assert.Equal("fallback", brought);
        Assert.Equal(release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        Assert.Equal((primary.Sent + fallback.Sent, primary.Received + fallback.Received), (fetch.Account.Sum(b => b.Received), fetch.Account.Sum(b => b.Sent)));
        Assert.Equal(["registry", "fallback", "retried"], fetch.Account.Select(b => b.Cause));
        // at most a megabyte since the last checkpoint and two members are fetched twice
        Assert.InRange(fallback.Exchanges.Sum(e => e.BodySent), 1, release.Size - 5_000_000 + (4 << 20));
    }

    [Fact]
    public async Task A_framed_image_that_skopeo_copied_into_a_real_registry_is_the_signed_one()
    {
        await using var scene = await Scene.SetAsync(3 << 20);
        var (scratch, release, real) = (scene.Scratch, scene.Release, scene.Real);
        using var fetch = new SlotFetch(scratch.Sub("device"));

        await fetch.RunAsync(release.Manifest, [("fallback", real.Address)], default);

        Assert.Equal(release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
    }

    [Fact]
    public async Task Skopeo_pulls_the_framed_image_from_a_real_registry_as_it_was_signed()
    {
        await using var scene = await Scene.SetAsync(3 << 20);
        var (scratch, release, real) = (scene.Scratch, scene.Release, scene.Real);

        Run.Checked(Skopeo, "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{real.Address.Authority}/os/test@{release.Manifest.Image.Digest}", $"oci:{scratch.Of("pulled")}:framed");

        string blobs = scratch.Of("pulled/blobs/sha256");
        Assert.Contains(release.Manifest.Image.Digest.Hex, Directory.EnumerateFiles(blobs).Select(Path.GetFileName));
        foreach (string file in Directory.EnumerateFiles(blobs))
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(release.Layout, "blobs/sha256", Path.GetFileName(file))), await File.ReadAllBytesAsync(file));
        Assert.All(release.Manifest.Image.Layers, l => Assert.True(File.Exists(Path.Combine(blobs, l.Digest.Hex))));
    }

    /// <summary>A signed release and a real registry, which was filled with it as an operator does: with skopeo.</summary>
    private sealed class Scene(NetworkRelease release, TemporaryDirectory scratch, DockerRegistry real) : IAsyncDisposable
    {
        public NetworkRelease Release => release;

        public TemporaryDirectory Scratch => scratch;

        public DockerRegistry Real => real;

        public static async Task<Scene> SetAsync(int bytes)
        {
            Run.NeedsRoot();
            Run.Needs(DockerRegistry.Program, Skopeo);
            var scratch = new TemporaryDirectory();
            var scene = new Scene(await NetworkRelease.MakeAsync(bytes), scratch, await DockerRegistry.StartAsync(scratch.Path, default));
            Run.Checked(Skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{scene.Release.Layout}:framed", $"docker://{scene.Real.Address.Authority}/os/test:v1");
            return scene;
        }

        public async ValueTask DisposeAsync()
        {
            await real.DisposeAsync();
            await release.DisposeAsync();
            scratch.Dispose();
        }
    }
}
