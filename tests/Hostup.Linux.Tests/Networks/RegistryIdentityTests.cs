using Hostup.Core.Errors;
using Hostup.Lab.Networks;
using Hostup.Lab.Registries;
using Hostup.Linux.Network;
using Hostup.Linux.RootTrees;
using Hostup.Linux.Tests.RootTrees;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Tests.Networks;

/// <summary>Who a registry is and who a device is there: tokens, realms and certificates of the sources of an image.</summary>
[Trait("Needs", "root")]
public sealed class RegistryIdentityTests : IAsyncLifetime
{
    private static readonly RegistryCredentials Device = new("d_0123", "device-key");
    private NetworkRelease _release = null!;

    public async ValueTask InitializeAsync() => _release = await NetworkRelease.MakeAsync(1 << 20);

    public ValueTask DisposeAsync() => _release.DisposeAsync();

    [Fact]
    public async Task A_registry_that_wants_a_token_gives_it_to_the_device_and_goes_on_with_it_after_a_cut()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var registry = new ScriptedRegistry { Like = _release.Registry, Token = "t", TokenUser = "d_0123:device-key" };
        registry.CutNextBodyAfter = 300_000;
        using var fetch = new SlotFetch(scratch.Sub("device")) { Credentials = Device };

        Assert.Equal("registry", await fetch.RunAsync(_release.Manifest, [("registry", registry.Base)], default));

        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        Assert.Contains("GET /token Basic", registry.Requests);
    }

    [Fact]
    public async Task A_fallback_whose_tokens_are_given_on_another_host_brings_the_image_to_nobody_in_particular()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var gone = new BadNetwork(_release.Registry.Base) { Rest = new(NetworkFaultKind.ResetAtOnce) };
        await using var realm = new ScriptedRegistry { Token = "t" };
        await using var fallback = new ScriptedRegistry { Like = _release.Registry, Token = "t", TokenRealm = new Uri(realm.Base, "token") };
        using var fetch = new SlotFetch(scratch.Sub("device")) { Credentials = Device };

        Assert.Equal("fallback", await fetch.RunAsync(_release.Manifest, [("registry", gone.Address), ("fallback", fallback.Base)], default));

        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        Assert.NotEmpty(realm.Requests);
        Assert.All(realm.Requests, r => Assert.Equal("GET /token -", r));
        Assert.DoesNotContain(fallback.Requests, r => r.EndsWith("Basic", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_shows_its_key_to_no_other_host_that_its_registry_names_for_tokens()
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        await using var realm = new ScriptedRegistry { Token = "t", TokenUser = "d_0123:device-key" };
        await using var registry = new ScriptedRegistry { Like = _release.Registry, Token = "t", TokenRealm = new Uri(realm.Base, "token") };
        using var fetch = new SlotFetch(scratch.Sub("device")) { Credentials = Device };

        var error = await Assert.ThrowsAsync<HostupException>(() => fetch.RunAsync(_release.Manifest, [("registry", registry.Base)], default));

        Assert.Equal(HostupErrors.Unauthorized, error.Code);
        Assert.NotEmpty(realm.Requests);
        Assert.All(realm.Requests, r => Assert.Equal("GET /token -", r));
    }

    [Theory]
    [InlineData("good", "registry")]
    [InlineData("of an authority that nobody knows", "fallback")]
    [InlineData("expired", "fallback")]
    [InlineData("for another name", "fallback")]
    public async Task A_certificate_decides_whether_a_registry_is_asked_and_its_bytes_are_in_the_account(string certificate, string brings)
    {
        Run.NeedsRoot();
        using var scratch = new TemporaryDirectory();
        using var owner = new OwnAuthority("owner");
        using var stranger = new OwnAuthority("stranger");
        using var shown = certificate switch
        {
            "expired" => owner.Issue("localhost", DateTimeOffset.UtcNow.AddMinutes(-1)),
            "for another name" => owner.Issue("registry.example.com"),
            _ => (certificate == "good" ? owner : stranger).Issue("localhost"),
        };
        await using var registry = new BadNetwork(_release.Registry.Base) { Certificate = shown };
        await using var fallback = new BadNetwork(_release.Registry.Base);
        using var connections = ServerConnections.Of(OwnAuthority.ConfigValue(owner), null);
        using var fetch = new SlotFetch(scratch.Sub("device")) { Credentials = Device, Connections = connections };

        Assert.Equal(brings, await fetch.RunAsync(_release.Manifest, [("registry", registry.Address), ("fallback", fallback.Address)], default));

        Assert.Equal(_release.Manifest.TreeDigest, await TreeDigestOfDirectory.ComputeAsync(scratch.Of("device/tree"), null, default));
        var source = fetch.Sources[0];
        Assert.Equal(registry.Received, source.Bytes.Sent + source.Retried.Sent);
        // Tickets may be on their way when the device hangs up.
        Assert.InRange(registry.Sent - source.Bytes.Received - source.Retried.Received, 0, certificate == "good" ? 0 : 4 * 4096);
        Assert.Equal(certificate == "good", registry.Exchanges.IsEmpty is false);
        Assert.Equal(certificate == "good", source.Retried.Received == 0);
    }
}
