using System.Text;
using System.Text.Json.Serialization;
using Hostup.Core.Errors;
using Hostup.Server.Access;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Registry;

/// <summary>GET /v2/token: turns a key into a token for some repositories.</summary>
internal static class TokenEndpoint
{
    private const string OperatorName = "operator";
    private const string DevicePrefix = "d_";

    public static async Task<TokenAnswer> Get(HttpContext context, Keys keys, RegistryTokens tokens, SignInFailures failures, TimeProvider time, CancellationToken ct)
    {
        var caller = await CallerAsync(context, keys, failures, ct);
        var access = context.Request.Query["scope"].OfType<string>().SelectMany(s => s.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(s => Parse(s, caller)).OfType<RepositoryAccess>();
        string token = tokens.Issue(caller.Id, caller.Scope.Organisation, [.. access]);
        return new TokenAnswer(token, token, (int)RegistryTokens.Lifetime.TotalSeconds, time.GetUtcNow());
    }

    private static async Task<Caller> CallerAsync(HttpContext context, Keys keys, SignInFailures failures, CancellationToken ct)
    {
        var given = Basic(context.Request.Headers.Authorization.ToString());
        if (given is var (user, password)
            && await keys.IdentifyAsync(password, ct) is { } caller
            && (caller.Kind == CallerKind.Operator ? user == OperatorName : caller.Kind == CallerKind.Device && user == DevicePrefix + caller.Id))
            return caller;
        if (given?.User == OperatorName)
            failures.Count(context);
        context.Response.Headers[HeaderNames.WWWAuthenticate] = $"Basic realm=\"{RegistryAccess.ServiceName}\"";
        throw new HostupException(HostupErrors.Unauthorized, "cannot give a registry token", "user and key do not belong together", "send d_UUID and the device's key, or 'operator' and an operator key");
    }

    private static (string User, string Password)? Basic(string header)
    {
        const string scheme = "Basic ";
        if (!header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        byte[] bytes = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[scheme.Length..].Trim(), bytes, out int count))
            return null;
        string text = Encoding.UTF8.GetString(bytes, 0, count);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : (text[..colon], text[(colon + 1)..]);
    }

    // repository:NAME:ACTION[,ACTION]; other scopes give nothing
    private static RepositoryAccess? Parse(string scope, Caller caller)
    {
        int first = scope.IndexOf(':', StringComparison.Ordinal), last = scope.LastIndexOf(':');
        if (first < 0 || last <= first || scope[..first] != "repository" || !RepositoryName.IsGood(scope[(first + 1)..last]))
            return null;
        return new RepositoryAccess(scope[(first + 1)..last], RegistryAccess.Allowed(caller, scope[(last + 1)..].Split(',')));
    }
}

/// <summary>A token, under both names that clients look for.</summary>
internal sealed record TokenAnswer(
    [property: JsonPropertyName("token")] string Token,
    [property: JsonPropertyName("access_token")] string AccessToken,
    [property: JsonPropertyName("expires_in")] int ExpiresIn,
    [property: JsonPropertyName("issued_at")] DateTimeOffset IssuedAt);
