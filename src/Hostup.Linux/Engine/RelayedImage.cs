using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Oci.Images;
using Hostup.Updates.Supervisor;

namespace Hostup.Linux.Engine;

/// <summary>What a relay answers: the documents and blobs of one image, each known only once the document that names it was given.</summary>
/// <param name="repository">Repository with the secret before it.</param>
/// <param name="root">Digest of the manifest or index.</param>
/// <param name="feed">Where the parts come from.</param>
/// <param name="waits">Called when the engine begins to wait.</param>
internal sealed class RelayedImage(string repository, Digest root, ImageFeed feed, Func<IDisposable>? waits)
{
    private const string NotFound = "404 Not Found";

    private readonly ConcurrentDictionary<Digest, bool> _manifests = new() { [root] = true };
    private readonly ConcurrentDictionary<Digest, long> _blobs = new();
    private HostupException? _fault;

    /// <summary>Repository with the secret before it.</summary>
    public string Repository => repository;

    /// <summary>Why nothing comes any more; null: something may.</summary>
    public HostupException? Fault => feed.Fault ?? _fault;

    /// <summary>Answers one request.</summary>
    /// <param name="request">The request; null: it was none.</param>
    /// <param name="reply">Its answer.</param>
    /// <param name="ct">Ends it.</param>
    public async ValueTask AnswerAsync(RelayRequest? request, RelayReply reply, CancellationToken ct)
    {
        if (request is null)
            await reply.GiveAsync("400 Bad Request", "", default, true, ct).ConfigureAwait(false);
        else if (request.Method is not ("GET" or "HEAD"))
            await reply.GiveAsync("405 Method Not Allowed", "Allow: GET, HEAD\r\n", default, true, ct).ConfigureAwait(false);
        else if (request.Path == "/v2/")
            await reply.GiveAsync("200 OK", "Content-Type: application/json\r\n", "{}"u8.ToArray(), request.Method == "GET", ct).ConfigureAwait(false);
        else if (Fault is null && Wanted(request.Path, "/manifests/") is { } manifest && _manifests.ContainsKey(manifest))
            await GiveManifestAsync(manifest, request.Method == "GET", reply, ct).ConfigureAwait(false);
        else if (Fault is null && Wanted(request.Path, "/blobs/") is { } blob && _blobs.TryGetValue(blob, out long size))
            await GiveBlobAsync(request, blob, size, reply, ct).ConfigureAwait(false);
        else
            await reply.GiveAsync(NotFound, "", default, true, ct).ConfigureAwait(false);
    }

    /// <summary>The digest that a path of this image ends with; null: it is another path. How much of the secret is right takes no time to find out.</summary>
    private Digest? Wanted(string path, string kind)
    {
        byte[] ours = Encoding.ASCII.GetBytes($"/v2/{repository}{kind}");
        byte[] asked = Encoding.ASCII.GetBytes(path);
        return asked.Length > ours.Length && CryptographicOperations.FixedTimeEquals(asked.AsSpan(0, ours.Length), ours) && Digest.TryParse(path[ours.Length..], out var digest) ? digest : null;
    }

    private async ValueTask GiveManifestAsync(Digest digest, bool withBody, RelayReply reply, CancellationToken ct)
    {
        using var waiting = waits?.Invoke();
        try
        {
            var document = await feed.ManifestAsync(digest, ct).ConfigureAwait(false);
            var parts = ImageParts.Of(document.MediaType, document.Bytes);
            foreach (var manifest in parts.Manifests)
                _manifests[manifest.Digest] = true;
            foreach (var blob in parts.Blobs)
                _blobs[blob.Digest] = blob.Size;
            await reply.GiveAsync("200 OK", $"Content-Type: {document.MediaType}\r\nDocker-Content-Digest: {digest}\r\n", document.Bytes, withBody, ct).ConfigureAwait(false);
        }
        catch (HostupException e)
        {
            _fault ??= e;
            await reply.GiveAsync(NotFound, "", default, true, ct).ConfigureAwait(false);
        }
    }

    private async ValueTask GiveBlobAsync(RelayRequest request, Digest digest, long size, RelayReply reply, CancellationToken ct)
    {
        using var waiting = waits?.Invoke();
        reply.For(digest, size);
        try
        {
            if (request.Method == "HEAD" || size == 0)
                await reply.AnnounceAsync(ct).ConfigureAwait(false);
            else
                await feed.CopyAsync(digest, size, request.From < size ? request.From : 0, reply, ct).ConfigureAwait(false);
        }
        catch (HostupException) when (!reply.HasBegun)
        {
            await reply.GiveAsync(NotFound, "", default, true, ct).ConfigureAwait(false);
        }
    }
}
