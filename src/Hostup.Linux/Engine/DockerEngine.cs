using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Releases;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Engine;

/// <summary>A container engine with Docker's API on a unix socket: balenaEngine or Docker.</summary>
/// <param name="registry">The server's registry and how to log in there, asked for when it is needed; null: none.</param>
/// <param name="socket">Path of the socket; null: the usual places.</param>
public sealed class DockerEngine(Func<EngineRegistry?> registry, string? socket = null) : IContainerEngine, IDisposable
{
    // Paths of balenaEngine and Docker; the first that exists.
    private static readonly string[] Sockets = ["/run/balena-engine.sock", "/run/balena.sock", "/run/docker.sock", "/var/run/docker.sock"];
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RemoveLimit = TimeSpan.FromSeconds(60);
    // Secondary: an engine that hangs must not hold the update.
    private static readonly TimeSpan PullLimit = TimeSpan.FromMinutes(30);
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

    /// <summary>Removes a container, running or not; nothing happens when it is not there or the engine does not answer.</summary>
    public async ValueTask RemoveContainerAsync(string name, CancellationToken ct)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(RemoveLimit);
            using var answer = await _http.DeleteAsync(new Uri($"containers/{name}?force=true", UriKind.Relative), limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // An engine that does not answer runs no supervisor either.
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> HasAsync(EngineImageName image, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AnswerLimit);
        try
        {
            using var answer = await _http.GetAsync(Address($"images/{image.LocalName}/json"), limit.Token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> PullAsync(EngineImageName image, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(PullLimit);
        try
        {
            string name = $"{HostOf(image)}/{image.Repository}@{image.Digest}";
            var received = new PulledLayers();
            using var known = await _http.GetAsync(Address($"images/{name}/json"), limit.Token).ConfigureAwait(false);
            if (!known.IsSuccessStatusCode)
                await PullAsync(image, name, received, limit.Token).ConfigureAwait(false);
            if (image.Tag is not null)
                await RequireAsync(image, HttpMethod.Post, $"images/{name}/tag?repo={Uri.EscapeDataString(image.LocalName[..^(image.Tag.Length + 1)])}&tag={Uri.EscapeDataString(image.Tag)}", limit.Token).ConfigureAwait(false);
            return received.Bytes;
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw Failed(image, e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask KeepAsync(string container, string image, CancellationToken ct)
    {
        await RemoveContainerAsync(container, ct).ConfigureAwait(false);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(RemoveLimit);
            using var body = new StringContent($$"""{"Image":{{JsonSerializer.Serialize(image, EngineJson.Default.String)}},"Cmd":["hostup-keeps-this-image"]}""", Encoding.UTF8, "application/json");
            // No such image is no harm: there is nothing to keep then.
            using var answer = await _http.PostAsync(Address($"containers/create?name={container}"), body, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            // The image can still be pulled anew.
        }
    }

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

    private async ValueTask PullAsync(EngineImageName image, string name, PulledLayers received, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address($"images/create?fromImage={Uri.EscapeDataString(name)}"));
        // The device's key goes to its own server only.
        if (image.Host is null && registry() is { } login)
            request.Headers.Add("X-Registry-Auth", login.Header());
        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
            throw Failed(image, $"the engine answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false)}");
        var stream = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        using var lines = new StreamReader(stream);
        while (await lines.ReadLineAsync(ct).ConfigureAwait(false) is { } line)
        {
            if (received.Read(line) is { } error)
                throw Failed(image, error);
        }
    }

    private async ValueTask RequireAsync(EngineImageName image, HttpMethod method, string path, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, Address(path));
        using var answer = await _http.SendAsync(request, ct).ConfigureAwait(false);
        if (!answer.IsSuccessStatusCode)
            throw Failed(image, $"the engine answers {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync(ct).ConfigureAwait(false)}");
    }

    private string HostOf(EngineImageName image) => image.Host ?? registry()?.Host
        ?? throw Failed(image, "it names no registry, and this device has no server");

    private static Uri Address(string path) => new(path, UriKind.Relative);

    private static HostupException Failed(EngineImageName image, string why, Exception? inner = null) =>
        new(HostupErrors.Supervisor, $"cannot pull {image.LocalName}", why, "the new OS pulls it after its first boot", inner);
}
