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
        Run.NeedsRoot();
        Run.Needs(DockerRegistry.Program, Skopeo);
        using var scratch = new TemporaryDirectory();
        await using var release = await NetworkRelease.MakeAsync(12 << 20);
        await using var real = await DockerRegistry.StartAsync(scratch.Path, default);
        Copy(release, real);
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
        Run.NeedsRoot();
        Run.Needs(DockerRegistry.Program, Skopeo);
        using var scratch = new TemporaryDirectory();
        await using var release = await NetworkRelease.MakeAsync(3 << 20);
        await using var real = await DockerRegistry.StartAsync(scratch.Path, default);
        Copy(release, real);
        using var fetch = new SlotFetch(scratch.Sub("device"));

        await fetch.RunAsync(release.Manifest, [("fallback", real.Address)], default);

        Assert.Equal(release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
    }

    [Fact]
    public async Task Skopeo_pulls_the_framed_image_from_a_real_registry_as_it_was_signed()
    {
        Run.NeedsRoot();
        Run.Needs(DockerRegistry.Program, Skopeo);
        using var scratch = new TemporaryDirectory();
        await using var release = await NetworkRelease.MakeAsync(3 << 20);
        await using var real = await DockerRegistry.StartAsync(scratch.Path, default);
        Copy(release, real);

        Run.Checked(Skopeo, "copy", "--preserve-digests", "--src-tls-verify=false", $"docker://{real.Address.Authority}/os/test@{release.Manifest.Image.Digest}", $"oci:{scratch.Of("pulled")}:framed");

        string blobs = scratch.Of("pulled/blobs/sha256");
        Assert.Contains(release.Manifest.Image.Digest.Hex, Directory.EnumerateFiles(blobs).Select(Path.GetFileName));
        foreach (string file in Directory.EnumerateFiles(blobs))
            Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(release.Layout, "blobs/sha256", Path.GetFileName(file))), await File.ReadAllBytesAsync(file));
        Assert.All(release.Manifest.Image.Layers, l => Assert.True(File.Exists(Path.Combine(blobs, l.Digest.Hex))));
    }

    /// <summary>As an operator fills a fallback registry: with skopeo, from what was signed.</summary>
    private static void Copy(NetworkRelease release, DockerRegistry to) =>
        Run.Checked(Skopeo, "copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{release.Layout}:framed", $"docker://{to.Address.Authority}/os/test:v1");
}
