using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Hostup.Core;
using Hostup.Core.Errors;
using Hostup.Oci.Images;

namespace Hostup.Oci.Registries;

/// <summary>
/// Requests to one registry: signs in when asked to, follows redirects itself so that no credential reaches another host, and turns
/// failures into errors with a code.
/// </summary>
internal sealed class RegistryHttp(HttpClient http, Uri home, RegistryCredentials? credentials, TransferCounter counter, RegistryLimits limits)
{
    private const int MaxRedirects = 5;
    private const int MaxTokenBytes = 1 << 20;

    /// <summary>Headers of an answer, a sign-in and a TLS handshake, generously.</summary>
    private const int RequestBytes = 16 << 10;

    private volatile AuthenticationHeaderValue? _authorization;

    public TransferCounter Counter => counter;

    /// <summary>How many bytes may still be received; null: as many as are wanted.</summary>
    public Func<long>? BytesLeft { get; set; }

    /// <summary>How many of so many bytes an answer may have.</summary>
    public long Allows(long bytes) => BytesLeft is null ? bytes : Math.Min(bytes, Math.Max(0, BytesLeft() - RequestBytes));

    /// <summary>Why so many bytes may not be asked for; null: they may.</summary>
    /// <param name="what">Completes "cannot ..." in errors.</param>
    /// <param name="bytes">Bytes of the answer.</param>
    /// <param name="why">Completes "so many bytes ...".</param>
    public HostupException? OverBudget(string what, long bytes, string why) => Allows(bytes) >= bytes ? null : new(
        HostupErrors.ByteBudget, $"cannot {what}", $"{new ByteCount(bytes)} {why} and {new ByteCount(Math.Max(0, BytesLeft!()))} are left of the attempt's budget", "what is there is kept; start the update again with a budget for the rest");

    /// <summary>Fetches a small document as a whole; never more of it than the budget has left.</summary>
    /// <returns>It, and its media type as the answer has it.</returns>
    public async Task<(byte[] Bytes, string? Type)> FetchDocumentAsync(Func<HttpRequestMessage> make, int limit, string what, CancellationToken ct)
    {
        if (OverBudget(what, 1, "at least are wanted") is { } refused)
            throw refused;
        var mark = counter.Mark();
        string? page;
        using (var answer = await SendAsync(_ => ValueTask.FromResult(make()), what, ct).ConfigureAwait(false))
        {
            page = WebPage.Of(answer);
            if (page is null)
                return (await ReadDocumentAsync(answer, limit, what, ct).ConfigureAwait(false), answer.Content.Headers.ContentType?.MediaType);
        }
        counter.Waste(mark);
        throw RegistryErrors.Link(what, page);
    }

    /// <summary>Sends a request and its repetitions.</summary>
    /// <param name="make">Makes the request anew each time it is sent.</param>
    /// <param name="what">Completes "cannot ..." in errors.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>An answer with a status below 400.</returns>
    public async Task<HttpResponseMessage> SendAsync(Func<CancellationToken, ValueTask<HttpRequestMessage>> make, string what, CancellationToken ct)
    {
        var mark = counter.Mark();
        try
        {
            return await SendSignedInAsync(make, what, ct).ConfigureAwait(false);
        }
        catch (HostupException)
        {
            counter.Waste(mark);
            throw;
        }
    }

    private async Task<HttpResponseMessage> SendSignedInAsync(Func<CancellationToken, ValueTask<HttpRequestMessage>> make, string what, CancellationToken ct)
    {
        for (bool signedIn = false; ; signedIn = true)
        {
            var answer = await SendOnceAsync(make, what, ct).ConfigureAwait(false);
            if ((int)answer.StatusCode < 400)
                return answer;
            using (answer)
            {
                if (answer.StatusCode != HttpStatusCode.Unauthorized || signedIn || !IsHome(answer.RequestMessage!.RequestUri!))
                    throw RegistryErrors.Of(answer, what);
                await SignInAsync(answer, what, ct).ConfigureAwait(false);
            }
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(Func<CancellationToken, ValueTask<HttpRequestMessage>> make, string what, CancellationToken ct)
    {
        Uri? target = null;
        for (int redirects = 0; ; redirects++)
        {
            var request = await make(ct).ConfigureAwait(false);
            if (target is not null)
                request.RequestUri = target;
            if (IsHome(request.RequestUri!))
                request.Headers.Authorization = _authorization;
            var answer = await SendRawAsync(request, what, ct).ConfigureAwait(false);
            if (!IsRedirect(answer) || (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head))
                return answer;
            using (answer)
                target = Target(request.RequestUri!, answer.Headers.Location!, redirects, what);
        }
    }

    private static Uri Target(Uri from, Uri location, int redirects, string what)
    {
        var target = new Uri(from, location);
        if (redirects >= MaxRedirects)
            throw RegistryErrors.Link(what, $"{from.Authority} redirects more than {MaxRedirects} times");
        bool weaker = from.Scheme == Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttps;
        return weaker || (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps)
            ? throw new HostupException(HostupErrors.RegistryAnswer, $"cannot {what}", $"{from.Authority} redirects from https to {target.Scheme}", "let the registry redirect to https only")
            : target;
    }

    private async Task<HttpResponseMessage> SendRawAsync(HttpRequestMessage request, string what, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        if (request.Content is null)
            limit.CancelAfter(limits.AnswerWithin);
        try
        {
            return await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!ct.IsCancellationRequested)
        {
            throw RegistryErrors.Link(what, $"{request.RequestUri!.Authority} did not answer within {limits.AnswerWithin.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw RegistryErrors.Link(what, $"{request.RequestUri!.Authority}: {e.Message}", e);
        }
    }

    private async Task SignInAsync(HttpResponseMessage refused, string what, CancellationToken ct)
    {
        var challenge = AuthChallenge.Choose(refused.Headers.WwwAuthenticate);
        if (challenge is null)
            throw RegistryErrors.Of(refused, what);
        if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            _authorization = Basic() ?? throw RegistryErrors.Of(refused, what);
        else
            _authorization = new AuthenticationHeaderValue("Bearer", await FetchTokenAsync(challenge, refused.RequestMessage!.RequestUri!, ct).ConfigureAwait(false));
    }

    private async Task<string> FetchTokenAsync(AuthChallenge challenge, Uri asked, CancellationToken ct)
    {
        const string what = "get a token for the registry";
        if (!Uri.TryCreate(challenge.Parameters["realm"], UriKind.Absolute, out var realm))
            throw new HostupException(HostupErrors.RegistryAnswer, $"cannot {what}", $"its token server '{challenge.Parameters["realm"]}' is no address", "check the registry's configuration");
        Target(asked, realm, 0, what);
        var query = new StringBuilder(realm.Query.TrimStart('?'));
        foreach (var name in new[] { "service", "scope" })
            if (challenge.Parameters.TryGetValue(name, out var value))
                query.Append(query.Length == 0 ? "" : "&").Append(name).Append('=').Append(Uri.EscapeDataString(value));
        var address = new UriBuilder(realm) { Query = query.ToString() }.Uri;
        if (OverBudget(what, 1, "at least are wanted") is { } refused)
            throw refused;
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        // A registry that names a token server elsewhere does not get our password there: it may not be itself any more.
        request.Headers.Authorization = IsHome(address) ? Basic() : null;
        using var answer = await SendRawAsync(request, what, ct).ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw RegistryErrors.Of(answer, what);
        if (WebPage.Of(answer) is { } page)
            throw RegistryErrors.Link(what, page);
        var json = await ReadDocumentAsync(answer, MaxTokenBytes, what, ct).ConfigureAwait(false);
        var token = OciJson.Parse(json, OciJson.Default.RegistryToken, "token of the registry");
        return token.Token ?? token.AccessToken
            ?? throw new HostupException(HostupErrors.Unauthorized, $"cannot {what}", $"{realm.Authority} gave none", "check the user, the password or token and its rights");
    }

    private async Task<byte[]> ReadDocumentAsync(HttpResponseMessage answer, int limit, string what, CancellationToken ct)
    {
        int most = (int)Allows(limit);
        var body = await BodyAsync(answer, null, what, ct).ConfigureAwait(false);
        await using (body.ConfigureAwait(false))
        {
            try
            {
                return await SmallBlob.ReadAsync(body, most, $"answer of {answer.RequestMessage!.RequestUri!.Authority}", ct).ConfigureAwait(false);
            }
            catch (HostupException e) when (e.Code == HostupErrors.BadImage && OverBudget(what, most + 1, "at least come") is { } refused)
            {
                throw refused;
            }
        }
    }

    /// <summary>The body, counted, with its failures mapped; disposes the answer with it.</summary>
    public async Task<Stream> BodyAsync(HttpResponseMessage answer, long? bytes, string what, CancellationToken ct) =>
        new RegistryBody(answer, await answer.Content.ReadAsStreamAsync(ct).ConfigureAwait(false), bytes, what, counter, limits);

    private AuthenticationHeaderValue? Basic() => credentials is null
        ? null
        : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credentials.User}:{credentials.Password}")));

    private bool IsHome(Uri target) => target.Scheme == home.Scheme && target.Authority == home.Authority;

    private static bool IsRedirect(HttpResponseMessage answer) =>
        answer.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && answer.Headers.Location is not null;
}
