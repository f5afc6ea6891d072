using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Hostup.Core.Trust;
using Hostup.Core.Wire;
using Hostup.Lab.Networks;

namespace Hostup.Device.Tests.Attacks;

/// <summary>A server that answers a device whatever its owner likes, on a real socket: device API, registry and all.</summary>
internal sealed class Impostor : IAsyncDisposable
{
    private const int EndlessBytes = 64 << 20; // far above what anybody should read
    private readonly LoopbackServer _server;

    public Impostor() => _server = new LoopbackServer(AnswerAsync);

    public Uri Base => _server.Base;

    /// <summary>What every poll is answered.</summary>
    public PollAnswer Poll { get; set; } = new(900, null);

    /// <summary>Body by path without the leading slash; the type is a manifest's where it is one.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new();

    /// <summary>Paths that are sent elsewhere.</summary>
    public ConcurrentDictionary<string, Uri> Redirects { get; } = new();

    /// <summary>Paths whose bodies do not end.</summary>
    public ConcurrentDictionary<string, bool> Endless { get; } = new();

    /// <summary>Beginnings of paths that are answered with a status and nothing else, and with seconds after which to come back; null: it does not say when.</summary>
    public ConcurrentDictionary<string, (int Status, int? RetryAfterSeconds)> Busy { get; } = new();

    /// <summary>Told the path of each request before it is answered.</summary>
    public Action<string> Asked { get; set; } = _ => { };

    /// <summary>Where it says that tokens are given; null: it asks for none.</summary>
    public Uri? TokensAt { get; set; }

    /// <summary>Whether it closes the connection after each answer.</summary>
    public bool ClosesEach { get; set; }

    /// <summary>Each request: path and Authorization header, or "-".</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What was sent last to each path.</summary>
    public ConcurrentDictionary<string, string> Sent { get; } = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>Serves a document under the digest that it is asked for by.</summary>
    public Digest Envelope(byte[] content, Digest? name = null)
    {
        var digest = name ?? Digest.Of(content);
        Files[$"device/v1/envelopes/{digest}"] = content;
        return digest;
    }

    /// <summary>Serves a signed updater.</summary>
    public UpdaterArtifact Updater(OsBuilder builder, byte[] program)
    {
        var digest = Digest.Of(program);
        Files[$"device/v1/updaters/{digest}"] = program;
        byte[] statement = builder.Sign(new UpdaterStatement { Version = "9.9.9", Digest = digest, Size = program.Length, Platform = ThisProgram.Platform });
        return new UpdaterArtifact("9.9.9", digest, program.Length, Envelope(statement));
    }

    public void Image(BuiltImage image, byte[]? manifest = null, byte[]? config = null, byte[]? layer = null)
    {
        Files[$"v2/hostos/sim-device/manifests/{image.Image.Digest}"] = manifest ?? image.Image.ManifestBytes.ToArray();
        Files[$"v2/hostos/sim-device/blobs/{image.Image.Manifest.Config.Digest}"] = config ?? image.Image.ConfigBytes.ToArray();
        Files[$"v2/hostos/sim-device/blobs/{image.Image.Layers[0].Blob.Digest}"] = layer ?? image.Layer;
    }

    public void Trust(params (long Version, byte[] Envelope)[] lists)
    {
        var views = lists.Select(l => new TrustListView(l.Version, Envelope(l.Envelope), DateTimeOffset.UnixEpoch)).ToList();
        Files["device/v1/trust"] = JsonSerializer.SerializeToUtf8Bytes(new Page<TrustListView>(views, null), WireJson.Default.PageTrustListView);
        Poll = Poll with { TrustVersion = lists.Max(l => l.Version) };
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        string path = context.Request.Url!.AbsolutePath.TrimStart('/');
        string? authorization = context.Request.Headers["Authorization"];
        using (var body = new StreamReader(context.Request.InputStream))
            Sent[path] = await body.ReadToEndAsync();
        Requests.Enqueue($"{path} {authorization ?? "-"}");
        var response = context.Response;
        response.KeepAlive = !ClosesEach;
        Asked(path);
        if (Busy.FirstOrDefault(b => path.StartsWith(b.Key, StringComparison.Ordinal)) is { Key: not null, Value: var (status, seconds) })
        {
            if (seconds is { } after)
                response.Headers["Retry-After"] = after.ToString(CultureInfo.InvariantCulture);
            await SendAsync(response, status, "text/plain", []);
        }
        else if (TokensAt is not null && path.StartsWith("v2/", StringComparison.Ordinal) && authorization?.StartsWith("Bearer", StringComparison.Ordinal) != true)
        {
            response.Headers["WWW-Authenticate"] = $"Bearer realm=\"{TokensAt}\",service=\"x\",scope=\"repository:hostos/sim-device:pull\"";
            await SendAsync(response, 401, "application/json", []);
        }
        else if (Redirects.TryGetValue(path, out var elsewhere))
        {
            response.Headers["Location"] = elsewhere.ToString();
            await SendAsync(response, 302, "text/plain", []);
        }
        else if (Endless.ContainsKey(path))
            await FloodAsync(response);
        else if (path == "device/v1/poll" && !Files.ContainsKey(path))
            await SendAsync(response, 200, "application/json", JsonSerializer.SerializeToUtf8Bytes(Poll, WireJson.Default.PollAnswer));
        else if (Files.TryGetValue(path, out byte[]? body))
            await SendAsync(response, 200, path.Contains("/manifests/", StringComparison.Ordinal) ? "application/vnd.oci.image.manifest.v1+json" : "application/octet-stream", body);
        else
            await SendAsync(response, 404, "application/json", "{}"u8.ToArray());
    }

    private static async Task SendAsync(HttpListenerResponse response, int status, string type, byte[] body)
    {
        response.StatusCode = status;
        response.ContentType = type;
        response.ContentLength64 = body.Length;
        await response.OutputStream.WriteAsync(body);
        response.Close();
    }

    private static async Task FloodAsync(HttpListenerResponse response)
    {
        response.SendChunked = true;
        byte[] zeros = new byte[64 << 10];
        for (int sent = 0; sent < EndlessBytes; sent += zeros.Length)
            await response.OutputStream.WriteAsync(zeros);
        response.Close();
    }
}
