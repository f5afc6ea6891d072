using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Hostup.Core.Errors;
using Hostup.Core.Wire;

namespace Hostup.Cli.Api;

/// <summary>The server's API. Every error of the server comes out as the <see cref="HostupException"/> that it was there.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;

    public ApiClient(Credentials credentials)
    {
        // a redirect would take the key elsewhere
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = credentials.Server, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credentials.Key);
    }

    public static ApiClient Connect() => new(Credentials.Load());

    public Task<T> GetAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) => SendAsync(HttpMethod.Get, path, null, type, ct);

    /// <summary>As <see cref="GetAsync"/>, null when there is nothing at the address.</summary>
    public async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        try
        {
            return await GetAsync(path, type, ct);
        }
        catch (HostupException e) when (e.Code == HostupErrors.NotFound)
        {
            return null;
        }
    }

    public Task<TAnswer> PostAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken ct) =>
        SendAsync(HttpMethod.Post, path, Json(JsonSerializer.SerializeToUtf8Bytes(request, requestType)), answerType, ct);

    public Task<TAnswer> PutAsync<TRequest, TAnswer>(string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken ct) =>
        SendAsync(HttpMethod.Put, path, Json(JsonSerializer.SerializeToUtf8Bytes(request, requestType)), answerType, ct);

    /// <summary>Posts a document as it is.</summary>
    public Task<T> PostAsync<T>(string path, byte[] json, JsonTypeInfo<T> type, CancellationToken ct) => SendAsync(HttpMethod.Post, path, Json(json), type, ct);

    public async Task<byte[]> GetBytesAsync(string path, CancellationToken ct)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, path), ct);
        return await answer.Content.ReadAsByteArrayAsync(ct);
    }

    /// <summary>Sends a request whose answer has no body of interest.</summary>
    /// <returns>The answer, which has succeeded.</returns>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken ct)
    {
        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        }
        catch (HttpRequestException e)
        {
            throw new HostupException(HostupErrors.Link, $"cannot reach {_http.BaseAddress}", e.Message, "look whether the server runs and the address is right", e);
        }
        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
            throw await ErrorAsync(answer, ct);
    }

    public void Dispose() => _http.Dispose();

    private async Task<T> SendAsync<T>(HttpMethod method, string path, HttpContent? content, JsonTypeInfo<T> type, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        using var answer = await SendAsync(request, ct);
        await using var body = await answer.Content.ReadAsStreamAsync(ct);
        return await JsonSerializer.DeserializeAsync(body, type, ct) ?? throw new HostupException(HostupErrors.ServerBusy, $"cannot read the answer to {path}", "it is empty", "try again");
    }

    private static ByteArrayContent Json(byte[] json) => new(json) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static async Task<HostupException> ErrorAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        byte[] body = await answer.Content.ReadAsByteArrayAsync(ct);
        var error = ReadError(body);
        if (error is null)
        {
            var code = (int)answer.StatusCode is 429 or >= 500 ? HostupErrors.ServerBusy : HostupErrors.NotFound;
            return new HostupException(code, $"cannot use the answer of {answer.RequestMessage?.RequestUri}", $"status {(int)answer.StatusCode} {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 200)))}", "look whether the address is a hostup server");
        }
        var known = HostupErrors.All.FirstOrDefault(c => c.Id == error.Code) ?? HostupErrors.Conflict;
        int colon = error.Title.IndexOf(": ", StringComparison.Ordinal);
        return colon < 0
            ? new HostupException(known, error.Title, "the server says no more", error.Detail)
            : new HostupException(known, error.Title[..colon], error.Title[(colon + 2)..], error.Detail);
    }

    private static ApiError? ReadError(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, WireJson.Default.ApiError) is { Code: not null, Title: not null, Detail: not null } error ? error : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
