using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;

namespace Hostup.Device;

/// <summary>
/// Where this device gets an image: the server's registry with the device's key, then the fallback registries without one. Opened when something
/// is to be fetched: an attempt is taken back also when config.json cannot be read.
/// </summary>
internal sealed class SourceLinks : IDisposable
{
    private readonly List<SourceLink> _links = [];
    private ServerConnections? _connections;

    /// <summary>Those of an update that runs; its budget is what the policy says at the moment, over all processes of the attempt.</summary>
    public IReadOnlyList<IHostAppSource> Open(StepContext update) => Open(
        update.Policy, update.Plan.FallbackRegistries, () => update.Policy.ByteBudget is > 0 and var budget ? budget - update.Account.ImageBytes : long.MaxValue);

    /// <param name="policy">How the image may be fetched.</param>
    /// <param name="fallbackRegistries">Registries tried after the server's own.</param>
    /// <param name="bytesLeft">Bytes that may still be received; null: as many as are wanted.</param>
    public IReadOnlyList<IHostAppSource> Open(UpdatePolicy policy, IReadOnlyList<string> fallbackRegistries, Func<long>? bytesLeft = null)
    {
        var config = DeviceConfig.Load();
        _connections ??= config.Connections();
        var sources = new List<IHostAppSource>();
        var buffers = new MemberBuffers();
        if (config is { Server: { } server, Uuid: { } uuid, DeviceKey: { } key })
            sources.Add(new RegistrySource("registry", Link(policy, bytesLeft), server, new RegistryCredentials($"d_{uuid}", key), buffers));
        foreach (string fallback in fallbackRegistries)
            sources.Add(new RegistrySource("fallback", Link(policy, bytesLeft), AddressOf(fallback), credentials: null, buffers));
        return sources;
    }

    public void Dispose()
    {
        _links.ForEach(l => l.Dispose());
        _connections?.Dispose();
    }

    private SourceLink Link(UpdatePolicy policy, Func<long>? bytesLeft)
    {
        var link = new SourceLink(policy, TimeProvider.System, connections: _connections) { BytesLeft = bytesLeft };
        _links.Add(link);
        return link;
    }

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new HostupException(HostupErrors.BadValue, $"cannot use fallback registry '{text}'", "it is no host or http address", "start the update again with another --fallback-registry");
}
