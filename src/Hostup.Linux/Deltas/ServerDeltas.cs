using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Core.RootTrees;
using Hostup.Core.Wire;
using Hostup.Delta.Repair;
using Hostup.Linux.Sources;
using Hostup.Oci;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;
using Hostup.Oci.Registries;

namespace Hostup.Linux.Deltas;

/// <summary>Deltas of the device's server: asked for at its API, fetched from its registry.</summary>
/// <param name="link">Connections to it.</param>
/// <param name="server">Its address, with a slash at its end.</param>
/// <param name="device">The device, by its key.</param>
public sealed class ServerDeltas(SourceLink link, Uri server, RegistryCredentials device) : IDeltaServer
{
    /// <summary>An offer, or why there is none.</summary>
    private const int MostAnswerBytes = 16 << 10;

    /// <summary>Where the server does not say when it is ready: a delta takes minutes.</summary>
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(30);

    private MemberBuffers? _members;
    private RegistryClient? _registry;
    private string _repository = "";
    private (long Received, long Sent) _inVain;

    /// <inheritdoc/>
    public string Host => server.Authority;

    /// <inheritdoc/>
    public (long Received, long Sent) Carried => (link.Wire.Received, link.Wire.Sent);

    /// <inheritdoc/>
    public (long Received, long Sent) InVain => (link.Counter.WastedReceivedBytes + _inVain.Received, link.Counter.WastedSentBytes + _inVain.Sent);

    /// <inheritdoc/>
    public async ValueTask<DeltaOffer> AskAsync(Digest image, Digest from, CancellationToken ct)
    {
        // Who comes next may have all of the image; it says so itself when it needs more than is left.
        if (link.BytesLeft?.Invoke() <= MostAnswerBytes)
            throw Fault(HostupErrors.NoDelta, "the attempt's budget has no room for the question", "start the update again with a budget for the rest");
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(server, $"device/v1/deltas/{image}?from={from}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", device.Password);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(link.Limits.AnswerWithin);
        var before = Carried;
        try
        {
            using var answer = await link.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if ((int)answer.StatusCode < 400 && WebPage.Of(answer) is { } page)
            {
                Waste(before);
                throw Link(page);
            }
            byte[] said = await ReadAsync(answer, limit.Token).ConfigureAwait(false);
            return answer.StatusCode == HttpStatusCode.OK ? Parse(said) : throw Refused(answer, said);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            Waste(before);
            throw Link($"{Host} did not answer within {link.Limits.AnswerWithin.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Waste(before);
            throw Link($"{Host}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public ValueTask<Stream> OpenPartAsync(DeltaOffer offer, long offset, long bytes, CancellationToken ct) =>
        Registry(offer.Repository).OpenPartAsync(new OciDescriptor { MediaType = "application/octet-stream", Digest = offer.Digest, Size = offer.Bytes }, offset, bytes, ct);

    /// <inheritdoc/>
    public async ValueTask<ReadOnlyMemory<byte>?> RepairListAsync(DeltaOffer offer, CancellationToken ct)
    {
        if (offer.Artifact is not { } artifact)
            return null;
        var registry = Registry(offer.Repository);
        var (descriptor, manifest) = await registry.GetManifestAsync(artifact.ToString(), ct).ConfigureAwait(false);
        if (ImageParts.Of(descriptor.MediaType, manifest).Blobs.FirstOrDefault(b => b.MediaType == MediaTypes.DeltaRepairs) is not { Size: > 0 and <= RepairList.MaxBytes } blob)
            return null;
        var stream = await registry.OpenAsync(blob, 0, ct).ConfigureAwait(false);
        await using var _ = stream.ConfigureAwait(false);
        byte[] list = new byte[blob.Size];
        int count = await stream.ReadAtLeastAsync(list, list.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        return count == list.Length && Digest.Of(list) == blob.Digest ? list : throw new HostupException(
            HostupErrors.DigestMismatch, $"cannot use the repair list {blob.Digest}", $"it came with {count} of {list.Length} bytes or with another digest", "the whole image is fetched in its place; if this repeats, the server holds damaged data");
    }

    /// <inheritdoc/>
    public IPlacedTreeReader OpenImage(ReleaseManifest release, TreePlace place) => place.Layer < release.Image.Layers.Count
        ? new LayersReader(new SingleMembers(Registry(release.Image.Repository)), [.. release.Image.Layers.Select(OciLayer.Of)], place, _members ??= new MemberBuffers())
        : throw Fault(HostupErrors.BadDelta, $"its repair list names layer {place.Layer} of {release.Image.Layers.Count}", "the whole image is fetched in its place");

    private RegistryClient Registry(string repository)
    {
        if (_registry is null || _repository != repository)
            _registry = new RegistryClient(link.Http, new RegistryLocation(server, repository), device, link.Counter, link.Limits) { BytesLeft = link.BytesLeft };
        _repository = repository;
        return _registry;
    }

    private void Waste((long Received, long Sent) before) =>
        _inVain = (_inVain.Received + Carried.Received - before.Received, _inVain.Sent + Carried.Sent - before.Sent);

    private static async Task<byte[]> ReadAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        var body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        await using var _ = body.ConfigureAwait(false);
        byte[] said = new byte[MostAnswerBytes];
        int count = await body.ReadAtLeastAsync(said, said.Length, throwOnEndOfStream: false, ct).ConfigureAwait(false);
        return said[..count];
    }

    private DeltaOffer Parse(byte[] said)
    {
        try
        {
            if (JsonSerializer.Deserialize(said, WireJson.Default.DeltaOffer) is { Repository.Length: > 0 } offer && offer.Digest != default)
                return offer;
        }
        catch (JsonException)
        {
            // Told below, as for an offer that lacks something.
        }
        throw Fault(HostupErrors.RegistryAnswer, $"{Host} answers what is no offer", "see whether server and device are of one version");
    }

    private HostupException Refused(HttpResponseMessage answer, byte[] said) => (int)answer.StatusCode switch
    {
        202 => Fault(HostupErrors.ServerBusy, "the server is still making it", "it is asked again", Pause(answer) ?? UsualWait),
        404 => Fault(HostupErrors.NoDelta, Why(said) ?? $"{Host} has none", "nothing is to be done: the whole image is fetched in its place"),
        401 or 403 => Fault(HostupErrors.Unauthorized, $"{Host} answers {(int)answer.StatusCode}", "see whether the server knows this device"),
        429 or >= 500 => Fault(HostupErrors.ServerBusy, $"{Host} answers {(int)answer.StatusCode}", "see the server's log", Pause(answer)),
        var other => Fault(HostupErrors.RegistryAnswer, $"{Host} answers {other}", "see the server's log"),
    };

    private static string? Why(byte[] said)
    {
        try
        {
            return JsonSerializer.Deserialize(said, WireJson.Default.ApiError) is { Title: { Length: > 0 } title } error ? $"{title} [{error.Code}]" : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // A date is compared with the server's own clock: a device's may be years off (RFC 9110, 10.2.3).
    private static TimeSpan? Pause(HttpResponseMessage answer) => answer.Headers.RetryAfter is not { } after ? null
        : after.Delta ?? (after.Date > answer.Headers.Date ? after.Date - answer.Headers.Date : null);

    private static HostupException Link(string why, Exception? inner = null) => new(HostupErrors.Link, "cannot ask for a delta", why, "check the network; it is asked again", inner);

    private static HostupException Fault(HostupErrorCode code, string why, string whatToDo, TimeSpan? after = null) =>
        new(code, "cannot get a delta", why, whatToDo) { RetryAfter = after };
}
