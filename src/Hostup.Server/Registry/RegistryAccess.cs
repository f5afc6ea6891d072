using Hostup.Core.Errors;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Registry;

/// <summary>Who may do what in which repository of their organisation. Operators pull, those who may publish push, devices pull.</summary>
internal sealed class RegistryAccess(Keys keys, RegistryTokens tokens, AuditLog audit)
{
    public const string Pull = "pull";
    public const string Push = "push";
    public const string ServiceName = "hostup";
    private const string Scheme = "Bearer ";

    /// <summary>Lets the request in.</summary>
    /// <returns>The repository of that name that is the caller's.</returns>
    /// <exception cref="HostupException"><c>unauthorized</c>; the answer then says where to get a token.</exception>
    public async Task<RepositoryId> CheckAsync(HttpContext context, string repository, string action)
    {
        if (await HolderAsync(context, repository, action) is not var (who, organisation))
            throw Challenge(context, repository, action);
        if (action == Push)
            audit.Begin(organisation, who, "image.push", context);
        return new RepositoryId(organisation, repository);
    }

    /// <summary>Any good token opens the base of the registry.</summary>
    public async Task CheckBaseAsync(HttpContext context)
    {
        string? bearer = BearerOf(context);
        if (bearer is null || (tokens.Read(bearer) is null && await keys.IdentifyAsync(bearer, context.RequestAborted) is null))
            throw Challenge(context, null, Pull);
    }

    /// <summary>The part of what is asked for that the caller may do.</summary>
    public static IReadOnlyList<string> Allowed(Caller caller, IEnumerable<string> actions) => caller.Kind switch
    {
        CallerKind.Operator => [.. actions.Where(a => (a == Pull && caller.May(Act.Read)) || (a == Push && caller.May(Act.Publish)))],
        CallerKind.Device => [.. actions.Where(a => a is Pull)],
        _ => [],
    };

    /// <summary>A caller who may do it, and their organisation; null: the caller may not.</summary>
    private async Task<(string Who, string Organisation)?> HolderAsync(HttpContext context, string repository, string action)
    {
        if (BearerOf(context) is not { } bearer)
            return null;
        if (tokens.Read(bearer) is { } token)
            return token.Access.Any(a => a.Repository == repository && a.Actions.Contains(action)) ? (token.Subject, token.Organisation) : null;
        return await keys.IdentifyAsync(bearer, context.RequestAborted) is { } caller && Allowed(caller, [action]).Count > 0 ? (caller.Id, caller.Scope.Organisation) : null;
    }

    private static string? BearerOf(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is var header && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;

    private static HostupException Challenge(HttpContext context, string? repository, string action)
    {
        string scope = repository is null ? "" : $",scope=\"repository:{repository}:{(action == Push ? "pull,push" : Pull)}\"";
        context.Response.Headers[HeaderNames.WWWAuthenticate] = $"Bearer realm=\"{context.Request.Scheme}://{context.Request.Host}/v2/token\",service=\"{ServiceName}\"{scope}";
        return new HostupException(HostupErrors.Unauthorized, $"cannot {action} {repository ?? "from this registry"}", "the request carries no token for it", "get one at /v2/token with your key");
    }
}
