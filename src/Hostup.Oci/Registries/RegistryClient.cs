using System.Net;
using System.Net.Http.Headers;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;
using Hostup.Oci.Layers;

namespace Hostup.Oci.Registries;

/// <summary>
/// One repository of a registry (OCI distribution specification 1.1, Docker registry v2): pulls with token or Basic sign-in, from any
/// offset of a blob; pushes in one piece. Does not retry: its caller does.
/// </summary>
/// <param name="http">Connection; made with <see cref="NewHandler"/> or a handler of the caller's with proxy and certificates. Not disposed.</param>
/// <param name="location">Registry and repository.</param>
/// <param name="credentials">Who we are; null: anonymous.</param>
/// <param name="counter">Counts the bytes of bodies.</param>
/// <param name="limits">How long it is waited for; null: a minute.</param>
public sealed class RegistryClient(HttpClient http, RegistryLocation location, RegistryCredentials? credentials, TransferCounter counter, RegistryLimits? limits = null) : IBlobSource
{
    private readonly RegistryHttp _http = new(http, location.Base, credentials, counter, limits ?? RegistryLimits.Default);

    /// <summary>A handler with the settings this client relies on: no automatic redirects, no decompression, 30 s to connect.</summary>
    /// <remarks>Give the <see cref="HttpClient"/> an infinite timeout, as <see cref="NewHttp"/> does: the client has its own for answers and stalled bodies.</remarks>
    public static SocketsHttpHandler NewHandler() => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
    };

    /// <summary>Connections with <see cref="NewHandler"/> and no limit of their own: an upload takes as long as the link needs.</summary>
    public static HttpClient NewHttp() => new(NewHandler()) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Reads manifest and configuration of an image.</summary>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="platform">The machine, where the image has several variants; null: it has one.</param>
    /// <param name="ct">Cancels.</param>
    /// <exception cref="HostupException"><c>not-found</c>, <c>unauthorized</c>, <c>link</c>, <c>server-busy</c>, <c>registry-answer</c>, <c>bad-image</c>, <c>digest-mismatch</c>.</exception>
    public async Task<OciImage> LoadAsync(string reference, OciPlatform? platform, CancellationToken ct)
    {
        var (descriptor, bytes) = await GetManifestAsync(reference, ct).ConfigureAwait(false);
        if (MediaTypes.IsIndex(descriptor.MediaType))
        {
            var index = OciJson.Parse(bytes.Span, OciJson.Default.OciIndex, $"index {descriptor.Digest}");
            var chosen = PlatformChoice.Pick(index, platform, $"{location}:{reference}");
            (descriptor, bytes) = await GetManifestAsync(chosen.Digest.ToString(), ct).ConfigureAwait(false);
        }
        var config = OciImage.ParseManifest(descriptor, bytes).Config;
        var stream = await OpenAsync(config, 0, ct).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
            return OciImage.Parse(descriptor, bytes, await SmallBlob.ReadAsync(stream, config, OciJson.MaxConfigBytes, ct).ConfigureAwait(false));
    }

    /// <summary>Fetches a manifest or index, checked when asked for by digest.</summary>
    /// <param name="reference">Tag or digest.</param>
    /// <param name="ct">Cancels.</param>
    public async Task<(OciDescriptor Descriptor, ReadOnlyMemory<byte> Bytes)> GetManifestAsync(string reference, CancellationToken ct)
    {
        var what = $"fetch manifest {reference} from {location}";
        var (bytes, type) = await _http.FetchDocumentAsync(() => ManifestRequest(reference), OciJson.MaxManifestBytes, what, ct).ConfigureAwait(false);
        var digest = Digest.Of(bytes);
        if (Digest.TryParse(reference, out var asked) && asked != digest)
            throw new HostupException(HostupErrors.DigestMismatch, $"cannot use manifest {asked}", $"its digest is {digest}", "fetch it again; if this repeats, the registry holds damaged data");
        if (!MediaTypes.IsIndex(type) && !MediaTypes.IsManifest(type))
            type = OciJson.Parse(bytes, OciJson.Default.OciIndex, $"manifest {digest}").MediaType;
        return MediaTypes.IsIndex(type) || MediaTypes.IsManifest(type)
            ? (new OciDescriptor { MediaType = type!, Digest = digest, Size = bytes.Length }, bytes)
            : throw new HostupException(HostupErrors.BadImage, $"cannot use manifest {reference} of {location}", $"its type is {type ?? "not stated"}", "push the image as OCI or Docker schema 2");
    }

    /// <summary>How many bytes may still be received; null: as many as are wanted. A part that would exceed it is not asked for, a document that does is not read to its end.</summary>
    public Func<long>? BytesLeft { get => _http.BytesLeft; init => _http.BytesLeft = value; }

    /// <inheritdoc/>
    public long ReceivedBytes => counter.Wire?.Received ?? 0;

    /// <inheritdoc/>
    public long Allows(long bytes) => _http.Allows(bytes);

    /// <inheritdoc/>
    public ValueTask<Stream> OpenAsync(OciDescriptor blob, long offset, CancellationToken ct) => OpenPartAsync(blob, offset, blob.Size - offset, ct);

    /// <inheritdoc/>
    public async ValueTask<Stream> OpenPartAsync(OciDescriptor blob, long offset, long bytes, CancellationToken ct)
    {
        if (bytes == 0)
            return Stream.Null;
        var what = $"fetch blob {blob.Digest} from {location}";
        if (_http.OverBudget(what, bytes, "are wanted") is { } refused)
            throw refused;
        var mark = counter.Mark();
        var answer = await _http.SendAsync(_ => ValueTask.FromResult(BlobRequest(blob, offset, bytes)), what, ct).ConfigureAwait(false);
        bool ranged = answer.StatusCode == HttpStatusCode.PartialContent;
        // A registry may leave a range unheeded: what lies before it comes too.
        long skipped = ranged ? 0 : offset;
        if (WhyWrong(answer, what, blob, offset, bytes, ranged) is { } wrong)
        {
            answer.Dispose();
            counter.Waste(mark);
            throw wrong;
        }
        if (skipped > 0 && _http.OverBudget(what, skipped + bytes, "come, because the registry sends all of it from its beginning,") is { } tooMuch)
        {
            answer.Dispose();
            counter.Waste(mark);
            throw tooMuch;
        }
        var body = await _http.BodyAsync(answer, ranged ? bytes : blob.Size, what, ct).ConfigureAwait(false);
        if (skipped > 0)
            await SkipAsync(body, skipped, ct).ConfigureAwait(false);
        return body;
    }

    /// <summary>Whether the repository has a blob.</summary>
    public async Task<bool> HasBlobAsync(Digest digest, CancellationToken ct)
    {
        try
        {
            using var answer = await _http.SendAsync(_ => ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Head, location.Blob(digest))), $"look for blob {digest} at {location}", ct).ConfigureAwait(false);
            return true;
        }
        catch (HostupException e) when (e.Code == HostupErrors.NotFound)
        {
            return false;
        }
    }

    /// <summary>Pushes an image: the blobs that are missing, the manifest last.</summary>
    /// <param name="image">The image.</param>
    /// <param name="source">Where its blobs are.</param>
    /// <param name="tag">Its tag; null: by digest only.</param>
    /// <param name="ct">Cancels; blobs already pushed stay.</param>
    public async Task PushAsync(OciImage image, IBlobSource source, string? tag, CancellationToken ct)
    {
        foreach (var blob in image.Manifest.Layers.Append(image.Manifest.Config).DistinctBy(b => b.Digest))
            await PushBlobAsync(blob, source, ct).ConfigureAwait(false);
        await PushManifestAsync(image.Descriptor, image.ManifestBytes, tag, ct).ConfigureAwait(false);
    }

    /// <summary>Pushes a blob in one piece unless it is there.</summary>
    public async Task PushBlobAsync(OciDescriptor blob, IBlobSource source, CancellationToken ct)
    {
        if (await HasBlobAsync(blob.Digest, ct).ConfigureAwait(false))
            return;
        var what = $"push blob {blob.Digest} to {location}";
        Uri place;
        using (var begun = await _http.SendAsync(_ => ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Post, location.Uploads)), what, ct).ConfigureAwait(false))
            place = new Uri(location.Uploads, begun.Headers.Location
                ?? throw new HostupException(HostupErrors.RegistryAnswer, $"cannot {what}", "it named no place for the upload", "check the registry's version"));
        var target = new UriBuilder(place);
        target.Query = $"{target.Query.TrimStart('?')}{(target.Query.Length > 1 ? "&" : "")}digest={Uri.EscapeDataString(blob.Digest.ToString())}";
        using var stored = await _http.SendAsync(
            async c => new HttpRequestMessage(HttpMethod.Put, target.Uri) { Content = new CountedContent(await source.OpenAsync(blob, 0, c).ConfigureAwait(false), blob.Size, "application/octet-stream", counter) },
            what, ct).ConfigureAwait(false);
    }

    /// <summary>Pushes a manifest whose blobs are there.</summary>
    public async Task PushManifestAsync(OciDescriptor manifest, ReadOnlyMemory<byte> bytes, string? tag, CancellationToken ct)
    {
        var reference = tag ?? manifest.Digest.ToString();
        using var stored = await _http.SendAsync(
            _ => ValueTask.FromResult(new HttpRequestMessage(HttpMethod.Put, location.Manifest(reference)) { Content = new CountedContent(new MemoryStream(bytes.ToArray()), bytes.Length, manifest.MediaType, counter) }),
            $"push manifest {reference} to {location}", ct).ConfigureAwait(false);
    }

    private HttpRequestMessage ManifestRequest(string reference)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, location.Manifest(reference));
        foreach (var type in MediaTypes.Accepted)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(type));
        return request;
    }

    private HttpRequestMessage BlobRequest(OciDescriptor blob, long offset, long bytes)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, location.Blob(blob.Digest));
        if (bytes < blob.Size)
            request.Headers.Range = new RangeHeaderValue(offset, offset + bytes < blob.Size ? offset + bytes - 1 : null);
        return request;
    }

    /// <summary>What a portal or a mistaken proxy puts in the place of a blob; null: it may be the blob.</summary>
    private static HostupException? WhyWrong(HttpResponseMessage answer, string what, OciDescriptor blob, long offset, long bytes, bool ranged)
    {
        var range = answer.Content.Headers.ContentRange;
        if (ranged && (range?.From != offset || range.To > offset + bytes - 1 || (range.Length is { } whole && whole != blob.Size)))
            return new HostupException(HostupErrors.RegistryAnswer, $"cannot {what}", $"it answered the range {offset} to {offset + bytes - 1} of {blob.Size} with {range?.ToString() ?? "no range"}", "check the registry and any proxy before it");
        return RegistryHttp.WebPageOf(answer) is { } page ? RegistryErrors.Link(what, page) : null;
    }

    private async Task SkipAsync(Stream body, long bytes, CancellationToken ct)
    {
        var buffer = new byte[64 * 1024];
        while (bytes > 0)
        {
            int read = await body.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes)), ct).ConfigureAwait(false);
            bytes -= read > 0 ? read : throw TarErrors.Bad("the blob is shorter than its offset");
            counter.WasteReceived(read);
        }
    }
}
