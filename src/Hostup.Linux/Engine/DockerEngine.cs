using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Ports;
using Hostup.Updates.Supervisor;

namespace Hostup.Linux.Engine;

/// <summary>A container engine with Docker's API on a unix socket: balenaEngine or Docker.</summary>
/// <param name="socket">Path of the socket; null: the usual places.</param>
public sealed class DockerEngine(string? socket = null) : IContainerEngine, IDisposable
{
    // Paths of balenaEngine and Docker; the first that exists.
    private static readonly string[] Sockets = ["/run/balena-engine.sock", "/run/balena.sock", "/run/docker.sock", "/var/run/docker.sock"];
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RemoveLimit = TimeSpan.FromSeconds(60);
    // Secondary: an engine that hangs must not hold the update.
    private static readonly TimeSpan PullSilence = TimeSpan.FromMinutes(30);
    // The digest of an image that came through a relay: the engine itself remembers digests by registry only.
    private const string DigestLabel = "io.hostup.digest";
    private readonly HttpClient _http = Connect(socket);

    /// <inheritdoc/>
    public async ValueTask<bool> AnswersAsync(CancellationToken ct) => await PingAsync(ct).ConfigureAwait(false) is null;

    /// <summary>Asks whether the engine lives.</summary>
    /// <returns>Null when it does, else what was seen.</returns>
    public async ValueTask<string?> PingAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerLimit);
        try
        {
            using var answer = await _http.GetAsync(new Uri("_ping", UriKind.Relative), limit.Token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : $"the engine answers {(int)answer.StatusCode}";
        }
        catch (HttpRequestException e)
        {
            return e.InnerException is HttpRequestException inner ? inner.Message : e.Message;
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            return $"the engine did not answer within {AnswerLimit.TotalSeconds} s";
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> StorageDriverAsync(CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerLimit);
        try
        {
            byte[] info = await _http.GetByteArrayAsync(new Uri("info", UriKind.Relative), limit.Token).ConfigureAwait(false);
            using var document = JsonDocument.Parse(info);
            return document.RootElement.TryGetProperty("Driver", out var driver) ? driver.GetString() : null;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>Removes a container, running or not; nothing happens when it is not there or the engine does not answer, which runs no supervisor then either.</summary>
    public async ValueTask RemoveContainerAsync(string name, CancellationToken ct) => await TryAsync(new HttpRequestMessage(HttpMethod.Delete, Address($"containers/{name}?force=true")), ct).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<bool> HasAsync(EngineImageName image, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerLimit);
        try
        {
            using var known = await _http.GetAsync(Address($"images/{image.LocalName}/json"), limit.Token).ConfigureAwait(false);
            if (!known.IsSuccessStatusCode)
                return false;
            var (id, digests) = EngineMessage.ImageOf(await known.Content.ReadAsByteArrayAsync(limit.Token).ConfigureAwait(false));
            if (digests.Any(d => d.EndsWith($"@{image.Digest}", StringComparison.Ordinal)))
                return true;
            string filter = Uri.EscapeDataString($$"""{"label":["{{DigestLabel}}={{image.Digest}}"]}""");
            return EngineMessage.ImagesOf(await _http.GetByteArrayAsync(Address($"containers/json?all=true&filters={filter}"), limit.Token).ConfigureAwait(false)).Contains(id);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask PullAsync(EnginePull pull, ImageFeed feed, CancellationToken ct)
    {
        using var silence = new EngineSilence(PullSilence, ct);
        try
        {
            if (!await HasAsync(pull.Image, silence.Token).ConfigureAwait(false))
                await PullThroughRelayAsync(pull, feed, silence).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw Failed(pull.Image, $"the engine neither said nor asked anything for {PullSilence.TotalMinutes} minutes", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            throw Failed(pull.Image, e.Message, e);
        }
        await KeepAsync(pull.Keeper, pull.Image.LocalName, pull.Image.Digest, ct).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask<bool> KeepAsync(string container, string image, CancellationToken ct) => KeepAsync(container, image, null, ct);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static HttpClient Connect(string? socket) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, ct) =>
        {
            string path = socket ?? Sockets.FirstOrDefault(File.Exists) ?? Sockets[^1];
            var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(path), ct).ConfigureAwait(false);
                return new NetworkStream(connection, ownsSocket: true);
            }
            catch (SocketException e)
            {
                connection.Dispose();
                throw new HttpRequestException($"cannot connect to {path}: {e.Message}", e);
            }
        },
    })
    {
        BaseAddress = new Uri("http://engine/"),
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>The engine's name for where it pulled from goes again: nothing will ever answer there.</summary>
    private async ValueTask PullThroughRelayAsync(EnginePull pull, ImageFeed feed, EngineSilence silence)
    {
        var relay = new ImageRelay(pull.Image, feed, silence.Serve);
        await using var _ = relay.ConfigureAwait(false);
        try
        {
            await PullAsync(pull.Image, relay.ImageName, silence).ConfigureAwait(false);
            await RequireAsync(pull.Image, NameRequest(relay.ImageName, Named(pull.Image)), silence.Token).ConfigureAwait(false);
            if (pull.AlsoKnownAs is { } other)
                await TryAsync(NameRequest(relay.ImageName, other), silence.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or HostupException && relay.Fault is not null)
        {
            // The engine only knows that something was not found.
            throw relay.Fault;
        }
        finally
        {
            await TryAsync(new HttpRequestMessage(HttpMethod.Delete, Address($"images/{relay.ImageName}?noprune=true")), CancellationToken.None).ConfigureAwait(false);
        }
    }

    private async ValueTask PullAsync(EngineImageName image, string name, EngineSilence silence)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address($"images/create?fromImage={Uri.EscapeDataString(name)}"));
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silence.Token).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
            throw Failed(image, $"the engine answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(silence.Token).ConfigureAwait(false)}");
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(silence.Token).ConfigureAwait(false));
        while (await lines.ReadLineAsync(silence.Token).ConfigureAwait(false) is { } line)
        {
            silence.Heard();
            if (EngineMessage.ErrorOf(line) is { } error)
                throw Failed(image, error);
        }
    }

    private async ValueTask<bool> KeepAsync(string container, string image, Digest? digest, CancellationToken ct)
    {
        await RemoveContainerAsync(container, ct).ConfigureAwait(false);
        string labels = digest is null ? "{}" : $$"""{"{{DigestLabel}}":"{{digest}}"}""";
        using var body = new StringContent($$"""{"Image":{{JsonSerializer.Serialize(image, EngineJson.Default.String)}},"Cmd":["hostup-keeps-this-image"],"Labels":{{labels}}}""", Encoding.UTF8, "application/json");
        // No such image is no harm: there is nothing to keep then, and it can still be pulled anew.
        return await TryAsync(new HttpRequestMessage(HttpMethod.Post, Address($"containers/create?name={container}")) { Content = body }, ct).ConfigureAwait(false);
    }

    private async ValueTask RequireAsync(EngineImageName image, HttpRequestMessage request, CancellationToken ct)
    {
        using var sent = request;
        using var answer = await _http.SendAsync(sent, ct).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
            throw Failed(image, $"the engine answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false)}");
    }

    /// <summary>Asks for what is good to have.</summary>
    /// <returns>Whether the engine did it.</returns>
    private async ValueTask<bool> TryAsync(HttpRequestMessage request, CancellationToken ct)
    {
        using var sent = request;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(RemoveLimit);
        try
        {
            using var answer = await _http.SendAsync(sent, limit.Token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // It does without.
            return false;
        }
    }

    /// <summary>An engine that is asked for a name without a tag looks for this one.</summary>
    private static string Named(EngineImageName image) => image.Tag is null ? $"{image.LocalName}:latest" : image.LocalName;

    private static HttpRequestMessage NameRequest(string image, string name)
    {
        int colon = name.LastIndexOf(':');
        return new HttpRequestMessage(HttpMethod.Post, Address($"images/{image}/tag?repo={Uri.EscapeDataString(name[..colon])}&tag={Uri.EscapeDataString(name[(colon + 1)..])}"));
    }

    private static Uri Address(string path) => new(path, UriKind.Relative);

    private static HostupException Failed(EngineImageName image, string why, Exception? inner = null) =>
        new(HostupErrors.Supervisor, $"cannot pull {image.LocalName}", why, "the new OS pulls it after its first boot", inner);
}
