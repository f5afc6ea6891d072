using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Hostup.Lab.Networks;

namespace Hostup.Lab.Registries;

/// <summary>
/// A registry on a real loopback socket that holds what it was given and misbehaves on demand: tokens, Basic, redirects to another
/// host, ranges or none, cut bodies, damaged bytes, any status. Knows one repository layout: /v2/NAME/(manifests|blobs)/REF.
/// </summary>
public sealed class ScriptedRegistry : IAsyncDisposable
{
    private readonly LoopbackServer _server;
    private readonly ConcurrentDictionary<string, byte[]> _blobs = new();
    private readonly ConcurrentDictionary<string, (string Type, byte[] Bytes)> _manifests = new();

    /// <summary>Starts on a free port.</summary>
    public ScriptedRegistry() => _server = new LoopbackServer(AnswerAsync);

    /// <summary>Its address.</summary>
    public Uri Base => _server.Base;

    /// <summary>Asks for this bearer token, which <see cref="TokenUser"/> gets at /token; null: open.</summary>
    public string? Token { get; init; }

    /// <summary>Where it says that tokens are given; null: at its own /token.</summary>
    public Uri? TokenRealm { get; init; }

    /// <summary>Holds what this one holds.</summary>
    public ScriptedRegistry? Like
    {
        init => (_blobs, _manifests) = value is null ? (_blobs, _manifests) : (value._blobs, value._manifests);
    }

    /// <summary>Who gets a token, "user:password"; null: anybody.</summary>
    public string? TokenUser { get; init; }

    /// <summary>Asks for Basic sign-in, "user:password"; null: does not.</summary>
    public string? BasicUser { get; init; }

    /// <summary>Where blob reads are sent; null: served here.</summary>
    public Uri? BlobsAt { get; set; }

    /// <summary>Whether ranges are heeded.</summary>
    public bool Ranges { get; set; } = true;

    /// <summary>Bytes after which the next blob body is cut, once; null: never.</summary>
    public long? CutNextBodyAfter { get; set; }

    /// <summary>Position of a byte that is changed in every blob body; null: none.</summary>
    public long? DamageAt { get; set; }

    /// <summary>Statuses to answer the next requests with, first to last.</summary>
    public ConcurrentQueue<int> NextStatuses { get; } = new();

    /// <summary>What it answers to who asks for a delta, by path and query: status and document; null: as to any other path.</summary>
    public Func<string, (int Status, string Document)>? Deltas { get; set; }

    /// <summary>Media type of these answers.</summary>
    public string DeltasType { get; set; } = "application/json";

    /// <summary>Each request: method, path, and Authorization scheme or "-".</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Stores a blob.</summary>
    public void AddBlob(byte[] content) => _blobs[DigestOf(content)] = content;

    /// <summary>Stores a manifest under its digest and a tag.</summary>
    public void AddManifest(string tag, string mediaType, byte[] content) => _manifests[tag] = _manifests[DigestOf(content)] = (mediaType, content);

    /// <summary>Whether a blob or manifest is there.</summary>
    public bool Has(string digestOrTag) => _blobs.ContainsKey(digestOrTag) || _manifests.ContainsKey(digestOrTag);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var path = request.Url!.AbsolutePath;
        Requests.Enqueue($"{request.HttpMethod} {path} {request.Headers["Authorization"]?.Split(' ')[0] ?? "-"}");
        if (NextStatuses.TryDequeue(out int status))
        {
            response.Headers["Retry-After"] = "7";
            Close(response, status);
        }
        else if (path == "/token")
            await GiveTokenAsync(request, response);
        else if (Deltas is not null && path.StartsWith("/device/v1/deltas/", StringComparison.Ordinal))
            await OfferAsync(request, response);
        else if (!Allowed(request, response))
            Close(response, 401);
        else if (request.HttpMethod is "GET" or "HEAD")
            await GiveAsync(request, response, path);
        else
            await TakeAsync(request, response, path);
    }

    private async Task OfferAsync(HttpListenerRequest request, HttpListenerResponse response)
    {
        var (status, document) = Deltas!(request.Url!.PathAndQuery);
        response.StatusCode = status;
        if (status == 202)
            response.Headers["Retry-After"] = "30";
        await SendAsync(request, response, DeltasType, Encoding.UTF8.GetBytes(document));
    }

    private async Task GiveTokenAsync(HttpListenerRequest request, HttpListenerResponse response)
    {
        if (TokenUser is not null && request.Headers["Authorization"] != BasicOf(TokenUser))
            Close(response, 401);
        else
            await SendAsync(request, response, "application/json", Encoding.UTF8.GetBytes($$"""{"token":"{{Token}}","scope":"{{request.QueryString["scope"]}}"}"""));
    }

    private bool Allowed(HttpListenerRequest request, HttpListenerResponse response)
    {
        var given = request.Headers["Authorization"];
        if (Token is not null && given != "Bearer " + Token)
            response.Headers["WWW-Authenticate"] = $"Bearer realm=\"{TokenRealm ?? new Uri(Base, "token")}\",service=\"scripted\",scope=\"repository:os/test:pull\"";
        else if (BasicUser is not null && given != BasicOf(BasicUser))
            response.Headers["WWW-Authenticate"] = "Basic realm=\"scripted\"";
        return response.Headers["WWW-Authenticate"] is null;
    }

    private async Task GiveAsync(HttpListenerRequest request, HttpListenerResponse response, string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (path.Contains("/manifests/", StringComparison.Ordinal) && _manifests.TryGetValue(name, out var manifest))
            await SendAsync(request, response, manifest.Type, manifest.Bytes);
        else if (!path.Contains("/blobs/", StringComparison.Ordinal))
            Close(response, 404);
        else if (BlobsAt is not null)
        {
            response.Headers["Location"] = new Uri(BlobsAt, path).ToString();
            Close(response, 307);
        }
        else if (_blobs.TryGetValue(name, out var blob))
            await SendBlobAsync(request, response, blob);
        else
            Close(response, 404);
    }

    private async Task SendBlobAsync(HttpListenerRequest request, HttpListenerResponse response, byte[] blob)
    {
        long from = 0, to = blob.Length - 1;
        if (Ranges && request.Headers["Range"] is { } range)
        {
            string[] bounds = range["bytes=".Length..].Split('-');
            from = long.Parse(bounds[0], CultureInfo.InvariantCulture);
            to = bounds[1].Length > 0 ? long.Parse(bounds[1], CultureInfo.InvariantCulture) : to;
            response.StatusCode = 206;
            response.Headers["Content-Range"] = $"bytes {from}-{to}/{blob.Length}";
        }
        var bytes = blob[(int)from..((int)to + 1)];
        if (DamageAt is { } at && at >= from && at < blob.Length)
            bytes[at - from] ^= 1;
        if (CutNextBodyAfter is not { } cut || cut >= bytes.Length)
        {
            await SendAsync(request, response, "application/octet-stream", bytes);
            return;
        }
        CutNextBodyAfter = null;
        response.ContentLength64 = bytes.Length;
        await response.OutputStream.WriteAsync(bytes.AsMemory(0, (int)cut));
        await response.OutputStream.FlushAsync();
        response.Abort();
    }

    private async Task TakeAsync(HttpListenerRequest request, HttpListenerResponse response, string path)
    {
        using var body = new MemoryStream();
        await request.InputStream.CopyToAsync(body);
        if (request.HttpMethod == "POST")
        {
            response.Headers["Location"] = path + "7?state=a%2Fb";
            Close(response, 202);
        }
        else if (path.Contains("/manifests/", StringComparison.Ordinal))
        {
            AddManifest(path[(path.LastIndexOf('/') + 1)..], request.ContentType!, body.ToArray());
            Close(response, 201);
        }
        else
        {
            bool good = request.QueryString["digest"] == DigestOf(body.ToArray()) && request.QueryString["state"] == "a/b";
            if (good)
                AddBlob(body.ToArray());
            Close(response, good ? 201 : 400);
        }
    }

    private static async Task SendAsync(HttpListenerRequest request, HttpListenerResponse response, string type, byte[] bytes)
    {
        response.ContentType = type;
        response.ContentLength64 = bytes.Length;
        if (request.HttpMethod != "HEAD")
            await response.OutputStream.WriteAsync(bytes);
        response.Close();
    }

    private static void Close(HttpListenerResponse response, int status)
    {
        response.StatusCode = status;
        response.Close();
    }

    private static string BasicOf(string user) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(user));

    private static string DigestOf(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
}
