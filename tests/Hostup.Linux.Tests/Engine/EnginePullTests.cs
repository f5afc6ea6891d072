using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Containers;
using Hostup.Lab.Networks;
using Hostup.Lab.Registries;
using Hostup.Lab.Sim;
using Hostup.Linux.Engine;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;
using Hostup.Updates.Supervisor;

namespace Hostup.Linux.Tests.Engine;

/// <summary>
/// A real engine pulls from a real registry that it can neither find nor believe: behind a proxy, with a certificate of the owner's authority.
/// </summary>
[Trait("Needs", "docker")]
public sealed class EnginePullTests : IAsyncDisposable
{
    private const string Skopeo = "/usr/bin/skopeo";
    private const string Busybox = "/bin/busybox";
    private const string Repository = "hostup-test/supervisor";
    private const string Keeper = "hostup-new-supervisor";
    private const int BallastBytes = 6_000_000;
    private readonly TemporaryDirectory _scratch = new();
    private readonly OwnAuthority _authority = new();
    private X509Certificate2? _certificate;
    private DockerRegistry? _registry;
    private TunnelProxy? _proxy;
    private DockerDaemon? _daemon;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_daemon is not null)
            await _daemon.DisposeAsync();
        if (_proxy is not null)
            await _proxy.DisposeAsync();
        if (_registry is not null)
            await _registry.DisposeAsync();
        _certificate?.Dispose();
        _authority.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task The_engine_has_the_image_under_its_names_and_the_proxy_counted_the_same_bytes()
    {
        var (image, size) = await SetAsync();
        using var engine = new DockerEngine(_daemon!.Socket);
        var source = Source();

        using (var feed = new ImageFeed(new SimTerms(), [source]))
            await engine.PullAsync(new EnginePull(image, Keeper) { AlsoKnownAs = "balena_supervisor:v2" }, feed, Ct);
        await _proxy!.EndedAsync();

        Assert.Equal((_proxy.Sent, _proxy.Received), (source.Bytes.Received, source.Bytes.Sent));
        // TLS and heads
        Assert.InRange(source.Bytes.Received, size, size * 102 / 100);
        Assert.Equal(["balena_supervisor:v2 <none>", $"{Repository}:v2 <none>"], await NamesAsync());
        Assert.Equal("hello of v2", (await _daemon.CliAsync(["run", "--rm", "--network", "none", "--pull", "never", $"{Repository}:v2"], Ct)).Trim());
        Assert.Equal($"{Keeper} Created", (await _daemon.CliAsync(["ps", "--all", "--format", "{{.Names}} {{.State}}"], Ct)).Trim().Replace("created", "Created", StringComparison.Ordinal));
        Assert.True(await engine.HasAsync(image, Ct));
        Assert.False(await engine.HasAsync(image with { Digest = Digest.Of("another of that name"u8) }, Ct));
    }

    [Fact]
    public async Task What_the_engine_holds_costs_nothing_and_what_lost_its_keeper_a_manifest()
    {
        var (image, _) = await SetAsync();
        using var engine = new DockerEngine(_daemon!.Socket);
        await PullAsync(engine, image);
        long first = _proxy!.Sent;

        await PullAsync(engine, image);
        Assert.Equal(first, _proxy.Sent);

        await engine.RemoveContainerAsync(Keeper, Ct);
        Assert.False(await engine.HasAsync(image, Ct));
        await PullAsync(engine, image);
        Assert.InRange(_proxy.Sent - first, 1000, 10_000);
        Assert.True(await engine.HasAsync(image, Ct));
        Assert.True(await engine.KeepAsync("keeps-it-too", image.LocalName, Ct));
        Assert.False(await engine.KeepAsync("keeps-it-too", "nobody/has:this", Ct));
    }

    [Fact]
    public async Task A_tunnel_that_breaks_in_a_layer_costs_little_and_a_name_without_a_tag_is_found_by_the_engine()
    {
        var (tagged, size) = await SetAsync();
        var image = tagged with { Tag = null };
        using var engine = new DockerEngine(_daemon!.Socket);
        _proxy!.BreaksAfter = 3_000_000;
        var source = Source();

        using (var feed = new ImageFeed(new SimTerms(), [source]))
            await engine.PullAsync(new EnginePull(image, Keeper), feed, Ct);
        await _proxy.EndedAsync();

        Assert.Null(_proxy.BreaksAfter);
        Assert.Equal((_proxy.Sent, _proxy.Received), (source.Bytes.Received + source.Retried.Received, source.Bytes.Sent + source.Retried.Sent));
        Assert.InRange(_proxy.Sent, size, size * 103 / 100);
        Assert.Equal([$"{Repository}:latest <none>"], await NamesAsync());
        Assert.True(await engine.HasAsync(image, Ct));
        Assert.Equal("hello of v2", (await _daemon.CliAsync(["run", "--rm", "--network", "none", "--pull", "never", image.LocalName], Ct)).Trim());
    }

    [Fact]
    public async Task Damaged_content_comes_from_the_fallback_and_without_one_the_engine_is_left_as_it_was()
    {
        var (image, _) = await SetAsync();
        using var engine = new DockerEngine(_daemon!.Socket);
        await using var bad = new BadNetwork(_registry!.Address) { Rest = new(NetworkFaultKind.Damage, 1_000_000) };
        RegistryImage Damaged() => new("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System), new RegistryLocation(bad.Address, Repository), null);

        using (var alone = new ImageFeed(new SimTerms(), [Damaged()]))
        {
            var error = await Assert.ThrowsAsync<HostupException>(() => engine.PullAsync(new EnginePull(image, Keeper), alone, Ct).AsTask());
            Assert.Equal(HostupErrors.DigestMismatch, error.Code);
        }
        Assert.Empty(await NamesAsync());
        Assert.False(await engine.HasAsync(image, Ct));

        using (var both = new ImageFeed(new SimTerms(), [Damaged(), Source()]))
            await engine.PullAsync(new EnginePull(image, Keeper), both, Ct);
        Assert.Equal([$"{Repository}:v2 <none>"], await NamesAsync());
        Assert.Equal("hello of v2", (await _daemon.CliAsync(["run", "--rm", "--network", "none", "--pull", "never", image.LocalName], Ct)).Trim());
    }

    /// <summary>An image in a registry, a proxy before it, an engine.</summary>
    /// <returns>The image and its bytes in the registry.</returns>
    private async Task<(EngineImageName Image, long Size)> SetAsync()
    {
        Run.NeedsRoot();
        Run.Needs(DockerDaemon.Program, DockerRegistry.Program, Skopeo, Busybox);
        _registry = await DockerRegistry.StartAsync(_scratch.Path, Ct);
        byte[] ballast = new byte[BallastBytes];
        new Random(7).NextBytes(ballast);
        await File.WriteAllBytesAsync(_scratch.Of("ballast"), ballast, Ct);
        await new DockerArchive($"{Repository}:v2", ["/bin/busybox", "echo", "hello of v2"], new Dictionary<string, string>())
            .WriteAsync(_scratch.Of("image.tar"), new Dictionary<string, string> { ["bin/busybox"] = Busybox, ["ballast"] = _scratch.Of("ballast") }, Ct);
        Run.Checked(Skopeo, "--insecure-policy", "copy", "--dest-tls-verify=false", "--digestfile", _scratch.Of("digest"), $"docker-archive:{_scratch.Of("image.tar")}", $"docker://{_registry.Address.Authority}/{Repository}:v2");
        string digest = (await File.ReadAllTextAsync(_scratch.Of("digest"), Ct)).Trim();
        using var manifest = JsonDocument.Parse(Run.Checked(Skopeo, "inspect", "--raw", "--tls-verify=false", $"docker://{_registry.Address.Authority}/{Repository}@{digest}"));
        long size = manifest.RootElement.GetProperty("layers").EnumerateArray().Append(manifest.RootElement.GetProperty("config")).Sum(b => b.GetProperty("size").GetInt64());
        _certificate = _authority.Issue("registry.example.com");
        _proxy = new TunnelProxy(new Dictionary<string, (X509Certificate2, Uri)> { ["registry.example.com"] = (_certificate, _registry.Address) });
        _daemon = await DockerDaemon.StartAsync(_scratch.Sub("engine"), Ct);
        return (EngineImageName.Parse($"{Repository}:v2@{digest}"), size);
    }

    private RegistryImage Source()
    {
        var connections = ServerConnections.Of(OwnAuthority.ConfigValue(_authority), _proxy!.Address);
        return new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System, connections: connections), new RegistryLocation(new Uri("https://registry.example.com/"), Repository), null);
    }

    private async Task PullAsync(DockerEngine engine, EngineImageName image)
    {
        using (var feed = new ImageFeed(new SimTerms(), [Source()]))
            await engine.PullAsync(new EnginePull(image, Keeper), feed, Ct);
        await _proxy!.EndedAsync();
    }

    private async Task<IReadOnlyList<string>> NamesAsync() =>
        [.. (await _daemon!.CliAsync(["images", "--all", "--digests", "--format", "{{.Repository}}:{{.Tag}} {{.Digest}}"], Ct)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)];
}
