using System.Net.Sockets;
using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Updates.Ports;

namespace Hostup.Linux.Engine;

/// <summary>A container engine with Docker's API on a unix socket: balenaEngine or Docker.</summary>
public sealed class DockerEngine : IContainerEngine, IDisposable
{
    // Paths of balenaEngine and Docker; the first that exists.
    private static readonly string[] Sockets = ["/run/balena-engine.sock", "/run/balena.sock", "/run/docker.sock", "/var/run/docker.sock"];
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan RemoveLimit = TimeSpan.FromSeconds(60);
    // Secondary: an engine that hangs must not hold the update.
    private static readonly TimeSpan PullLimit = TimeSpan.FromMinutes(30);
    private readonly HttpClient _http;

    /// <param name="socket">Path of the socket; null: the usual places.</param>
    public DockerEngine(string? socket = null) => _http = new HttpClient(new SocketsHttpHandler
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
    public async ValueTask PullAsync(string reference, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(PullLimit);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"images/create?fromImage={Uri.EscapeDataString(reference)}");
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode)
                throw Failed(reference, $"the engine answers {(int)answer.StatusCode}");
            var stream = await answer.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
            using var lines = new StreamReader(stream);
            while (await lines.ReadLineAsync(limit.Token).ConfigureAwait(false) is { } line)
            {
                if (ErrorOf(line) is { } error)
                    throw Failed(reference, error);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            throw Failed(reference, e.Message, e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    // The engine streams one JSON document a line; errors come as {"error": "..."} after the 200.
    private static string? ErrorOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.TryGetProperty("error", out var error) ? error.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static HostupException Failed(string reference, string why, Exception? inner = null) =>
        new(HostupErrors.Supervisor, $"cannot pull {reference}", why, "the new OS pulls it after its first boot", inner);
}
