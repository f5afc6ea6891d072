using System.Runtime.InteropServices;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;
using Hostup.Updates.Account;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Sources;

/// <summary>The release's image, layer by layer, from an OCI registry.</summary>
/// <param name="name">Name in reports.</param>
/// <param name="link">Connections to it.</param>
/// <param name="registry">Address of the registry.</param>
/// <param name="credentials">Who we are; null: anonymous.</param>
/// <param name="buffers">Shared by all sources of one image; null: a member that breaks off is fetched again.</param>
public sealed class RegistrySource(string name, SourceLink link, Uri registry, RegistryCredentials? credentials, MemberBuffers? buffers) : IHostAppSource
{
    private Func<long> _wastedByReader = () => 0;
    private long _wasted;
    private long _probed;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public CauseBytes Bytes => new(name, link.Wire.Received - Retried.Received, link.Wire.Sent - Retried.Sent);

    /// <summary>Fetches the image's manifest: a few kilobytes.</summary>
    public async ValueTask ProbeAsync(ReleaseManifest release, CancellationToken ct)
    {
        var client = Client(release);
        string manifest = release.Image.Digest.ToString();
        try
        {
            await client.GetManifestAsync(manifest, ct).ConfigureAwait(false);
        }
        catch (HostupException e) when (e.Code == HostupErrors.DigestMismatch)
        {
            // One damaged answer ends no attempt; what is wrong twice is refused.
            await client.GetManifestAsync(manifest, ct).ConfigureAwait(false);
        }
        _probed = Bytes.Received;
    }

    /// <inheritdoc/>
    public CauseBytes Retried => new(AttemptAccount.RetriedCause, link.Counter.WastedReceivedBytes + _wasted + _wastedByReader(), link.Counter.WastedSentBytes);

    /// <inheritdoc/>
    public void Discard() => _wasted += Bytes.Received - _probed;

    /// <inheritdoc/>
    public string Host => registry.Authority;

    /// <inheritdoc/>
    public async ValueTask<IPlacedTreeReader> OpenAsync(ReleaseManifest release, TreePlace? from, CancellationToken ct)
    {
        var client = Client(release);
        // What is signed names the layers; older manifests leave that to the registry's documents.
        IReadOnlyList<OciLayer> layers = release.Image.Layers is []
            ? [.. (await client.LoadAsync(release.Image.Digest.ToString(), ThisPlatform, ct).ConfigureAwait(false)).Layers.Select(l => l with { DiffId = null })] // the tree digest decides
            : [.. release.Image.Layers.Select(OciLayer.Of)];
        _wasted += _wastedByReader();
        bool anew = from?.Delta is not null;
        var reader = new LayersReader(client, layers, anew ? null : from, buffers);
        _wastedByReader = () => reader.WastedBytes;
        try
        {
            return new Begun(reader, await reader.NextAsync(ct).ConfigureAwait(false), anew);
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private RegistryClient Client(ReleaseManifest release) =>
        new(link.Http, new RegistryLocation(registry, release.Image.Repository), credentials, link.Counter, link.Limits) { BytesLeft = link.BytesLeft };

    private static OciPlatform ThisPlatform => new(RuntimeInformation.OSArchitecture switch
    {
        Architecture.X64 => "amd64",
        Architecture.X86 => "386",
        var other => other.ToString().ToLowerInvariant(),
    }, "linux");

    // Its first entry has arrived: the source has something.
    private sealed class Begun(IPlacedTreeReader reader, TreeEntry? first, bool anew) : IPlacedTreeReader
    {
        private bool _given;

        public TreePlace? Place => reader.Place;

        public bool BeganAnew => anew;

        public ValueTask SkipAsync(long bytes, CancellationToken ct) => reader.SkipAsync(bytes, ct);

        public ValueTask<TreeEntry?> NextAsync(CancellationToken ct)
        {
            if (_given)
                return reader.NextAsync(ct);
            _given = true;
            return ValueTask.FromResult(first);
        }

        public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken ct) => reader.ReadAsync(buffer, ct);

        public ValueTask DisposeAsync() => reader.DisposeAsync();
    }
}
