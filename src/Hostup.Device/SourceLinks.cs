using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Linux.Network;
using Hostup.Linux.Sources;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;

namespace Hostup.Device;

/// <summary>
/// Where this device gets an image: the server's registry with the device's key, then the fallback registries without one. Opened when something
/// is to be fetched: an attempt is taken back also when config.json cannot be read.
/// </summary>
internal sealed class SourceLinks : IDisposable
{
    private readonly List<SourceLink> _links = [];
    private ServerConnections? _connections;

    /// <param name="policy">How the image may be fetched.</param>
    /// <param name="fallbackRegistries">Registries tried after the server's own.</param>
    public IReadOnlyList<IHostAppSource> Open(DownloadPolicy policy, IReadOnlyList<string> fallbackRegistries)
    {
        var config = DeviceConfig.Load();
        _connections ??= config.Connections();
        var sources = new List<IHostAppSource>();
        var buffers = new MemberBuffers();
        if (config is { Server: { } server, Uuid: { } uuid, DeviceKey: { } key })
            sources.Add(new RegistrySource("registry", Link(policy), server, new RegistryCredentials($"d_{uuid}", key), buffers));
        foreach (string fallback in fallbackRegistries)
            sources.Add(new RegistrySource("fallback", Link(policy), AddressOf(fallback), credentials: null, buffers));
        return sources;
    }

    public void Dispose()
    {
        _links.ForEach(l => l.Dispose());
        _connections?.Dispose();
    }

    private SourceLink Link(DownloadPolicy policy)
    {
        var link = new SourceLink(policy, TimeProvider.System, connections: _connections)
        {
            BytesLeft = policy.ByteBudget == 0 ? null : () => policy.ByteBudget - _links.Sum(l => l.Wire.Received),
        };
        _links.Add(link);
        return link;
    }

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new HostupException(HostupErrors.BadValue, $"cannot use fallback registry '{text}'", "it is no host or http address", "start the update again with another --fallback-registry");
}
