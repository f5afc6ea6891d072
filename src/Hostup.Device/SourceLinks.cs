using Hostup.Core.Errors;
using Hostup.Linux.Sources;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Plan;
using Hostup.Updates.Ports;

namespace Hostup.Device;

/// <summary>Where this device gets an image: the server's registry with the device's key, then the fallback registries without one.</summary>
internal sealed class SourceLinks : IDisposable
{
    private readonly List<SourceLink> _links = [];

    public IReadOnlyList<IHostAppSource> Open(UpdatePlan plan)
    {
        var config = DeviceConfig.Load();
        var sources = new List<IHostAppSource>();
        var buffers = new MemberBuffers();
        if (config is { Server: { } server, Uuid: { } uuid, DeviceKey: { } key })
            sources.Add(new RegistrySource("registry", Link(plan), server, new RegistryCredentials($"d_{uuid}", key), buffers));
        foreach (string fallback in plan.FallbackRegistries)
            sources.Add(new RegistrySource("fallback", Link(plan), AddressOf(fallback), credentials: null, buffers));
        return sources;
    }

    public void Dispose() => _links.ForEach(l => l.Dispose());

    private SourceLink Link(UpdatePlan plan)
    {
        var link = new SourceLink(plan.Download, TimeProvider.System)
        {
            BytesLeft = plan.Download.ByteBudget == 0 ? null : () => plan.Download.ByteBudget - _links.Sum(l => l.Wire.Received),
        };
        _links.Add(link);
        return link;
    }

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new HostupException(HostupErrors.BadValue, $"cannot use fallback registry '{text}'", "it is no host or http address", "start the update again with another --fallback-registry");
}
