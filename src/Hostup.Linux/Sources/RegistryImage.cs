using Hostup.Core.Wire;
using Hostup.Oci.Images;
using Hostup.Oci.Registries;
using Hostup.Updates.Account;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Sources;

/// <summary>A container image in an OCI registry, for the engine. Its bytes are the supervisor's.</summary>
/// <param name="name">Name in reports.</param>
/// <param name="link">Connections to it; disposed with this.</param>
/// <param name="location">Where it lies.</param>
/// <param name="credentials">Who we are; null: anonymous.</param>
public sealed class RegistryImage(string name, SourceLink link, RegistryLocation location, RegistryCredentials? credentials) : IImageSource
{
    private readonly RegistryClient _client = new(link.Http, location, credentials, link.Counter, link.Limits) { BytesLeft = link.BytesLeft };
    private long _wasted;

    /// <inheritdoc/>
    public string Name => name;

    /// <inheritdoc/>
    public string Host => location.Base.Authority;

    /// <inheritdoc/>
    public CauseBytes Bytes => new(AttemptAccount.SupervisorCause, link.Wire.Received - Retried.Received, link.Wire.Sent - Retried.Sent);

    /// <inheritdoc/>
    public CauseBytes Retried => new(AttemptAccount.RetriedCause, link.Counter.WastedReceivedBytes + _wasted, link.Counter.WastedSentBytes);

    /// <inheritdoc/>
    public async ValueTask<ImageDocument> ManifestAsync(Digest digest, CancellationToken ct)
    {
        var (descriptor, bytes) = await _client.GetManifestAsync(digest.ToString(), ct).ConfigureAwait(false);
        return new ImageDocument(descriptor.MediaType, bytes);
    }

    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(Digest digest, long size, long from, CancellationToken ct) =>
        _client.OpenAsync(new OciDescriptor { MediaType = "application/octet-stream", Digest = digest, Size = size }, from, ct);

    /// <inheritdoc/>
    public void Waste(long bytes) => _wasted += bytes;

    /// <inheritdoc/>
    public void Dispose() => link.Dispose();
}
