using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Linux.Network;
using Hostup.Oci.Registries;

namespace Hostup.Device.Agent;

/// <summary>The device's side of the device API; docs/api.md.</summary>
internal sealed class ServerLink : IDisposable
{
    private const int MaxEnvelopeBytes = 1 << 20;
    // Of a random name: enough to tell the boots of one device apart, and sent with each poll.
    private const int BootDigits = 13;
    /// <summary>
    /// A poll on a new connection costs four times as much as one on a connection that is there. Where a server, a proxy or a mobile network has lost it
    /// this often in a row it is reset after the poll: closing it later costs packets of its own.
    /// </summary>
    private const int MostLost = 3;

    private int _lost;
    private bool _kept;
    private string _machine = "";
    private readonly HttpClient _http;
    private readonly HttpClient _once;
    private EntityTagHeaderValue? _etag;
    private PollAnswer? _last;

    /// <param name="connections">Opens the connection.</param>
    /// <param name="server">Address of the server.</param>
    /// <param name="deviceKey">The device's key; null: not registered yet.</param>
    public ServerLink(ServerConnections connections, Uri server, string? deviceKey)
    {
        Wire = new WireMeter(new RateLimit(TimeProvider.System, () => BytesPerSecond));
        _http = Client(Wire.Count(connections.NewHandler(DecompressionMethods.None)), server);
        _once = Client(connections.NewSparingHandler(Wire), server);
        if (deviceKey is not null)
            UseKey(deviceKey);
    }

    /// <summary>How long the head of an answer may take, and the whole of a short one.</summary>
    public TimeSpan AnswerWithin { get => _http.Timeout; init => _http.Timeout = _once.Timeout = value; }

    /// <summary>How long nothing may come of a body that is not short.</summary>
    public TimeSpan Silence { get; init; } = ServerBody.LongestSilence;

    /// <summary>Envelopes that need not be fetched again.</summary>
    public EnvelopeShelf Envelopes { get; } = new();

    /// <summary>How often the server wants to be polled; null: it has not said so.</summary>
    public TimeSpan? PollInterval => _last is { } last ? TimeSpan.FromSeconds(last.IntervalSeconds) : null;

    /// <summary>What crossed the connection, below TLS.</summary>
    public WireMeter Wire { get; }

    /// <summary>Most bytes received a second; zero: as many as come.</summary>
    public long BytesPerSecond { get; set; }

    /// <summary>Uses another key from the next request on.</summary>
    public void UseKey(string deviceKey) =>
        _http.DefaultRequestHeaders.Authorization = _once.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", deviceKey);

    /// <summary>Says with each request which boot this is, and with the first poll which machine, so that a copied card is found.</summary>
    public void Introduce(string bootId, string machine)
    {
        string boot = bootId.Length > BootDigits ? bootId[..BootDigits] : bootId;
        _http.DefaultRequestHeaders.Add(DeviceHeaders.Boot, boot);
        _once.DefaultRequestHeaders.Add(DeviceHeaders.Boot, boot);
        _machine = machine;
    }

    /// <summary>The device's next key; the present one is good until the next was used.</summary>
    public async Task<string> NextKeyAsync(CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "key");
        return (await SendAsync(message, "get another key", WireJson.Default.DeviceKeyAnswer, ct).ConfigureAwait(false)).DeviceKey;
    }

    /// <summary>Signed lists of trusted keys above a version, oldest first.</summary>
    public async Task<IReadOnlyList<TrustListView>> ListTrustAsync(long after, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, $"trust?after={after}");
        return (await SendAsync(message, "ask for lists of trusted keys", WireJson.Default.PageTrustListView, ct).ConfigureAwait(false)).Items;
    }

    public async Task<RegisterAnswer> RegisterAsync(string provisioningKey, RegisterRequest request, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Post, "register") { Content = JsonContent.Create(request, WireJson.Default.RegisterRequest) };
        message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", provisioningKey);
        return await SendAsync(message, "register the device", WireJson.Default.RegisterAnswer, ct).ConfigureAwait(false);
    }

    /// <summary>Asks what to do; an unchanged answer costs a few bytes.</summary>
    public async Task<PollAnswer> PollAsync(CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, "poll");
        if (_etag is not null)
            message.Headers.IfNoneMatch.Add(_etag);
        bool expected = _last is { } last && TimeSpan.FromSeconds(last.IntervalSeconds * 1.1) < ServerConnections.IdleLimit && _lost < MostLost;
        // The server keeps it for each boot: once is enough.
        if (_last is null && _machine.Length > 0)
            message.Headers.Add(DeviceHeaders.Machine, _machine);
        int connections = Wire.Connections;
        var client = _http;
        if (_last is not null && !expected)
        {
            // A connection that is still there from a report is used up first.
            client = _kept ? _http : _once;
            message.Headers.ConnectionClose = _kept ? true : null;
        }
        using var answer = await PollOnAsync(client, message, expected, ct).ConfigureAwait(false);
        if (expected)
            _lost = Wire.Connections > connections ? _lost + 1 : 0;
        if (answer.StatusCode == HttpStatusCode.NotModified && _last is not null)
            return _last;
        _last = PollCheck.Require(await ReadAsync(answer, "poll the server", WireJson.Default.PollAnswer, ct).ConfigureAwait(false));
        _etag = answer.Headers.ETag;
        return _last;
    }

    /// <summary>A connection that is dead and does not say so is lost as well.</summary>
    private async Task<HttpResponseMessage> PollOnAsync(HttpClient client, HttpRequestMessage message, bool expected, CancellationToken ct)
    {
        try
        {
            return await TalkAsync(client, message, "poll the server", HttpCompletionOption.ResponseContentRead, ct).ConfigureAwait(false);
        }
        catch (HostupException) when (expected)
        {
            _lost++;
            throw;
        }
    }

    public async Task ReportStateAsync(DeviceStateReport state, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, "state") { Content = JsonContent.Create(state, WireJson.Default.DeviceStateReport) };
        using var answer = await TalkAsync(_http, message, "report the state", HttpCompletionOption.ResponseContentRead, ct).ConfigureAwait(false);
        await RequireAsync(answer, "report the state", ct).ConfigureAwait(false);
    }

    public async Task<AttemptAnswer> ReportAsync(string attemptId, AttemptReport report, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, $"attempts/{attemptId}") { Content = JsonContent.Create(report, WireJson.Default.AttemptReport) };
        return await SendAsync(message, "report the attempt", WireJson.Default.AttemptAnswer, ct).ConfigureAwait(false);
    }

    /// <summary>Adds to the log of an attempt, whose part begins at a byte of what the server has; it passes over what it has.</summary>
    public async Task<LogAnswer> AppendLogAsync(string attemptId, long offset, ReadOnlyMemory<byte> part, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, $"attempts/{attemptId}/log?offset={offset}") { Content = new ReadOnlyMemoryContent(part) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        return await SendAsync(message, $"send the log of attempt {attemptId}", WireJson.Default.LogAnswer, ct).ConfigureAwait(false);
    }

    /// <summary>Sends a document of the attempt.</summary>
    public async Task SendDocumentAsync(string path, byte[] content, string mediaType, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Put, path) { Content = new ByteArrayContent(content) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        using var answer = await TalkAsync(_http, message, $"send {path}", HttpCompletionOption.ResponseContentRead, ct).ConfigureAwait(false);
        await RequireAsync(answer, $"send {path}", ct).ConfigureAwait(false);
    }

    /// <summary>Fetches an envelope, or takes it from the shelf; its content is checked against the digest.</summary>
    public async Task<byte[]> FetchEnvelopeAsync(Digest digest, CancellationToken ct)
    {
        if (Envelopes.Find(digest) is { } here)
            return here;
        const string what = "fetch the envelope";
        using var message = new HttpRequestMessage(HttpMethod.Get, $"envelopes/{digest}");
        using var answer = await TalkAsync(_http, message, what, HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        await RequireAsync(answer, what, ct).ConfigureAwait(false);
        byte[] content = await ReadEnvelopeAsync(answer, what, ct).ConfigureAwait(false);
        if (Digest.Of(content) != digest)
            throw Altered(digest, "its content has another digest");
        Envelopes.Keep(digest, content);
        return content;
    }

    /// <summary>Fetches a program into a file, behind what an earlier try left there. Durable when it returns; the caller checks it.</summary>
    /// <param name="updater">The program.</param>
    /// <param name="path">The file.</param>
    /// <param name="mostBytes">What it may still cost.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="HostupException"><c>byte-budget</c> and the codes of the link.</exception>
    /// <exception cref="IOException">The place takes no write.</exception>
    public async Task FetchUpdaterAsync(UpdaterArtifact updater, string path, long mostBytes, CancellationToken ct)
    {
        var part = new UpdaterPart(path, updater.Size);
        await using (part.ConfigureAwait(false))
        {
            part.RequireWithin(mostBytes);
            if (!part.IsWhole)
                await TakeAsync(updater, part, mostBytes, ct).ConfigureAwait(false);
            part.Keep();
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _once.Dispose();
    }

    private async Task TakeAsync(UpdaterArtifact updater, UpdaterPart part, long mostBytes, CancellationToken ct)
    {
        using var message = new HttpRequestMessage(HttpMethod.Get, $"updaters/{updater.Digest}");
        message.Headers.Range = part.Length > 0 ? new RangeHeaderValue(part.Length, null) : null;
        using var answer = await TalkAsync(_http, message, "fetch the updater", HttpCompletionOption.ResponseHeadersRead, ct).ConfigureAwait(false);
        // The whole is given, or another part than was asked for; what the server cannot give at the moment stays.
        bool goesOn = answer.StatusCode == HttpStatusCode.PartialContent && answer.Content.Headers.ContentRange?.From == part.Length;
        if (!goesOn && (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable))
            part.Clear();
        await RequireAsync(answer, "fetch the updater", ct).ConfigureAwait(false);
        // The whole is more than what was asked for.
        part.RequireWithin(mostBytes);
        var body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
            await part.TakeAsync(new ServerBody(body, "fetch the updater", Silence), ct).ConfigureAwait(false);
    }

    private async Task<byte[]> ReadEnvelopeAsync(HttpResponseMessage answer, string what, CancellationToken ct)
    {
        var body = await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            // One more than may come shows an end that is not there.
            byte[] content = new byte[Math.Min(answer.Content.Headers.ContentLength ?? MaxEnvelopeBytes, MaxEnvelopeBytes) + 1];
            int count = await new ServerBody(body, what, Silence).FillAsync(content, ct).ConfigureAwait(false);
            return count < content.Length ? content[..count]
                : throw new HostupException(HostupErrors.Link, $"cannot {what}", $"it is longer than {count - 1} bytes", "look whether the address in config.json is a Hostup server");
        }
    }

    private static HttpClient Client(HttpMessageHandler connections, Uri server) => new(connections)
    {
        BaseAddress = new Uri(server, "device/v1/"),
        Timeout = TimeSpan.FromSeconds(100),
        MaxResponseContentBufferSize = MaxEnvelopeBytes,
    };

    private async Task<T> SendAsync<T>(HttpRequestMessage message, string what, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var answer = await TalkAsync(_http, message, what, HttpCompletionOption.ResponseContentRead, ct).ConfigureAwait(false);
        return await ReadAsync(answer, what, type, ct).ConfigureAwait(false);
    }

    private async Task<HttpResponseMessage> TalkAsync(HttpClient client, HttpRequestMessage message, string what, HttpCompletionOption completion, CancellationToken ct)
    {
        try
        {
            var answer = await client.SendAsync(message, completion, ct).ConfigureAwait(false);
            if (client == _http)
                _kept = answer.Headers.ConnectionClose != true && message.Headers.ConnectionClose != true;
            return answer;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            throw new HostupException(HostupErrors.Link, $"cannot {what}", e.Message, "check the link and the server's address in config.json", e);
        }
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, string what, JsonTypeInfo<T> type, CancellationToken ct)
    {
        await RequireAsync(answer, what, ct).ConfigureAwait(false);
        try
        {
            return await answer.Content.ReadFromJsonAsync(type, ct).ConfigureAwait(false) ?? throw new System.Text.Json.JsonException("it is null");
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or NotSupportedException)
        {
            throw new HostupException(HostupErrors.Link, $"cannot {what}", $"the answer is not from a Hostup server: {e.Message}", "check the server's address in config.json", e);
        }
    }

    private Task RequireAsync(HttpResponseMessage answer, string what, CancellationToken ct) => AnswerFault.RequireSuccessAsync(answer, what, Silence, ct);

    private static HostupException Altered(Digest digest, string why) =>
        new(HostupErrors.DigestMismatch, $"cannot use envelope {digest}", why, "publish the release again");
}
