using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.Wire;
using Hostup.Linux.Deltas;
using Hostup.Linux.Network;
using Hostup.Linux.Slots;
using Hostup.Linux.Sources;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Ports;
using Hostup.Updates.Run;
using Hostup.Updates.Slots;

namespace Hostup.Device;

/// <summary>
/// Where this device gets images, of the OS and for its engine: of the OS first the server's deltas, then the server's registry with the device's key,
/// then the fallback registries without one. Opened when something is to be fetched: an attempt is taken back also when config.json cannot be read.
/// </summary>
internal sealed class SourceLinks : IImageSources, IDisposable
{
    private readonly List<SourceLink> _links = [];
    private ServerConnections? _connections;

    /// <summary>Those of an update that runs; its budget is what the policy says at the moment, over all processes of the attempt.</summary>
    public IReadOnlyList<IHostAppSource> Open(StepContext update)
    {
        var roots = new SlotRoots(update.Device.Slots, ct => RunningTree.FindAsync(update.Device, Told, ct), LinuxSlots.MountPoint);
        return Open(() => update.Policy, update.Plan.FallbackRegistries, () => update.BytesLeft, roots);

        void Told(long done)
        {
            update.HonourCancel();
            update.Progress.Report(AttemptStates.Checking, done, 0, "reads the running system once, for deltas");
        }
    }

    /// <summary>Those that are only asked; what runs is not read for it.</summary>
    /// <param name="device">The device.</param>
    /// <param name="target">What is asked for.</param>
    public IReadOnlyList<IHostAppSource> Open(DevicePorts device, DeviceTarget target)
    {
        var roots = new SlotRoots(device.Slots, _ => ValueTask.FromResult(RunningTree.Known(device)), LinuxSlots.MountPoint);
        return Open(() => target.Policy, target.FallbackRegistries, null, roots);
    }

    /// <inheritdoc/>
    public IReadOnlyList<IImageSource> Open(EngineImageName image, Func<UpdatePolicy> policy, IReadOnlyList<string> fallbackRegistries, Func<long>? bytesLeft)
    {
        var rate = Rate(policy);
        // The device's key goes to its own server only.
        IEnumerable<Registry> from = image.Host is { } host ? [new(host, AddressOf(AsEnginesCallIt(host)), null)] : Registries(fallbackRegistries);
        return [.. from.Select(r => new RegistryImage(r.Name, Link(rate, bytesLeft), new RegistryLocation(r.Address, image.Repository), r.Credentials))];
    }

    public void Dispose()
    {
        _links.ForEach(l => l.Dispose());
        _connections?.Dispose();
    }

    private IReadOnlyList<IHostAppSource> Open(Func<UpdatePolicy> policy, IReadOnlyList<string> fallbackRegistries, Func<long>? bytesLeft, SlotRoots roots)
    {
        var buffers = new MemberBuffers();
        var rate = Rate(policy);
        var sources = new List<IHostAppSource>();
        foreach (var registry in Registries(fallbackRegistries))
        {
            // Whom the device's key is for has deltas too.
            if (registry.Credentials is { } device)
                sources.Add(new DeltaSource(new ServerDeltas(Keep(Link(rate, bytesLeft)), registry.Address, device), roots));
            sources.Add(new RegistrySource(registry.Name, Keep(Link(rate, bytesLeft)), registry.Address, registry.Credentials, buffers));
        }
        return sources;
    }

    private SourceLink Keep(SourceLink link)
    {
        _links.Add(link);
        return link;
    }

    private static IEnumerable<Registry> Registries(IReadOnlyList<string> fallbacks)
    {
        if (DeviceConfig.Load() is { Server: { } server, Uuid: { } uuid, DeviceKey: { } key })
            yield return new("registry", server, new RegistryCredentials($"d_{uuid}", key));
        foreach (string fallback in fallbacks)
            yield return new("fallback", AddressOf(fallback), null);
    }

    private static RateLimit Rate(Func<UpdatePolicy> policy) => new(TimeProvider.System, () => policy().BytesPerSecond);

    private SourceLink Link(RateLimit rate, Func<long>? bytesLeft) =>
        new(rate, connections: _connections ??= DeviceConfig.Load().Connections()) { BytesLeft = bytesLeft };

    /// <summary>Docker's hub is not where its name says; on this machine engines do without TLS.</summary>
    private static string AsEnginesCallIt(string host) =>
        host is "docker.io" or "index.docker.io" ? "registry-1.docker.io"
        : Uri.TryCreate($"http://{host}", UriKind.Absolute, out var address) && address.IsLoopback ? $"http://{host}" : host;

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : $"https://{text}", UriKind.Absolute, out var address) && address.Scheme is ("http" or "https")
            ? address
            : throw new HostupException(HostupErrors.BadValue, $"cannot use registry '{text}'", "it is no host or http address", "start the update again with another --fallback-registry, or publish the release with another supervisor image");

    private sealed record Registry(string Name, Uri Address, RegistryCredentials? Credentials);
}
