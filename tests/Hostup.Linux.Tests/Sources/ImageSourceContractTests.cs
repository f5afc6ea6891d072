using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Lab.Registries;
using Hostup.Lab.Sim;
using Hostup.Linux.Sources;
using Hostup.Linux.Tests.Engine;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Tests.Sources;

/// <summary>What every source of a container image keeps to.</summary>
public sealed class ImageSourceContractTests : IAsyncDisposable
{
    private static readonly SmallImage Real = new();
    private static readonly EngineImageName Simulated = EngineImageName.Parse($"sim/supervisor:v2@{Digest.Of("v2"u8)}");
    private readonly ScriptedRegistry _registry = new();

    public ImageSourceContractTests() => Real.AddTo(_registry);

    public async ValueTask DisposeAsync() => await _registry.DisposeAsync();

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_document_is_given_whole_by_its_digest(bool real)
    {
        using var source = Source(real);

        var document = await source.ManifestAsync(NameOf(real).Digest, default);

        Assert.Equal(NameOf(real).Digest, Digest.Of(document.Bytes.Span));
        Assert.Equal("application/vnd.oci.image.manifest.v1+json", document.MediaType);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_blob_is_given_from_any_place_and_its_bytes_are_counted(bool real)
    {
        using var source = Source(real);
        byte[] layer = LayerOf(real);

        foreach (int from in (int[])[0, 1, layer.Length - 1])
        {
            long before = source.Bytes.Received;
            await using var stream = await source.OpenAsync(Digest.Of(layer), layer.Length, from, default);
            using var read = new MemoryStream();
            await stream.CopyToAsync(read);

            Assert.Equal(layer[from..], read.ToArray());
            Assert.InRange(source.Bytes.Received - before, layer.Length - from, layer.Length - from + 2000);
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_it_does_not_have_is_not_found(bool real)
    {
        using var source = Source(real);
        var other = Digest.Of("other"u8);

        Assert.Equal(HostupErrors.NotFound, (await Assert.ThrowsAsync<HostupException>(() => source.ManifestAsync(other, default).AsTask())).Code);
        Assert.Equal(HostupErrors.NotFound, (await Assert.ThrowsAsync<HostupException>(() => source.OpenAsync(other, 10, 0, default).AsTask())).Code);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task What_was_wrong_is_counted_as_in_vain(bool real)
    {
        using var source = Source(real);
        byte[] layer = LayerOf(real);
        await using (var stream = await source.OpenAsync(Digest.Of(layer), layer.Length, 0, default))
            await stream.CopyToAsync(Stream.Null);
        var before = source.Bytes;

        source.Waste(layer.Length);

        Assert.Equal(before.Received - layer.Length, source.Bytes.Received);
        Assert.Equal(layer.Length, source.Retried.Received);
        Assert.Equal(("supervisor", "retried"), (source.Bytes.Cause, source.Retried.Cause));
    }

    [Fact]
    public async Task A_blob_beyond_the_budget_is_not_asked_for()
    {
        using var source = new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System) { BytesLeft = () => 200_000 }, new RegistryLocation(_registry.Base, SmallImage.Repository), null);

        var error = await Assert.ThrowsAsync<HostupException>(() => source.OpenAsync(Digest.Of(Real.Layer), Real.Layer.Length, 0, default).AsTask());

        Assert.Equal(HostupErrors.ByteBudget, error.Code);
        Assert.Empty(_registry.Requests);
    }

    private IImageSource Source(bool real) => real
        ? new RegistryImage("registry", new SourceLink(new UpdatePolicy(), TimeProvider.System), new RegistryLocation(_registry.Base, SmallImage.Repository), null)
        : new SimImage("registry", Simulated);

    private static EngineImageName NameOf(bool real) => real ? Real.Name : Simulated;

    private static byte[] LayerOf(bool real) => real ? Real.Layer : SimImage.LayerOf(Simulated);
}
