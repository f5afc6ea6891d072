using Hostup.Core.Errors;
using Hostup.Server.Users;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Access;

/// <summary>The one place that lets requests in: it compares what the endpoint asks for with whom the credentials belong to, before the body is read.</summary>
internal sealed class AccessGate(RequestDelegate next)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context, Keys keys, Sessions sessions, SignInFailures failures)
    {
        if (context.GetEndpoint() is { } endpoint && !IsFrameworks(endpoint))
        {
            var needed = endpoint.Metadata.GetMetadata<NeededCaller>()?.Kind
                ?? throw new InvalidOperationException($"bug: endpoint {endpoint.DisplayName} does not say who may call it");
            if (needed is not (CallerKind.Anyone or CallerKind.Registry))
            {
                var caller = await CallerAsync(context, needed, keys, sessions, failures);
                context.Features.Set(caller);
                if (caller.Session is not null)
                    context.User = SessionEndpoints.PrincipalOf(caller);
            }
        }
        await next(context);
    }

    private static async Task<Caller> CallerAsync(HttpContext context, CallerKind needed, Keys keys, Sessions sessions, SignInFailures failures)
    {
        string header = context.Request.Headers.Authorization.ToString();
        var caller = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? await keys.IdentifyAsync(header[Scheme.Length..].Trim(), context.RequestAborted)
            : needed == CallerKind.Operator && header.Length == 0 && SessionCookie.Read(context.Request) is { } session
                ? await sessions.IdentifyAsync(session, context.RequestAborted)
                : null;
        if (caller is null)
        {
            // devices ask with a key that is worthless until somebody mends it: they are many behind one address, and no thieves
            if (header.Length > 0 && needed == CallerKind.Operator)
                failures.Count(context);
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
            throw new HostupException(HostupErrors.Unauthorized, "cannot let the request in", header.Length == 0 ? "it carries no key, nor is anybody signed in" : "its key is unknown or has expired", $"send a key {For(needed)} as 'Authorization: Bearer KEY'");
        }
        return caller.Kind == needed
            ? caller
            : throw new HostupException(HostupErrors.Forbidden, "cannot let the request in", $"its key is one {For(caller.Kind)}", $"send a key {For(needed)}");
    }

    private static string For(CallerKind kind) => kind switch
    {
        CallerKind.Operator => "of an operator",
        CallerKind.Device => "of a device",
        _ => "for provisioning",
    };

    // answers of routing itself: wrong method, wrong content type
    private static bool IsFrameworks(Endpoint endpoint) => endpoint is not RouteEndpoint;
}

/// <summary>Who may call an endpoint.</summary>
internal sealed record NeededCaller(CallerKind Kind);

internal static class NeededCallerConventions
{
    /// <summary>Says who may call these endpoints.</summary>
    public static T For<T>(this T builder, CallerKind kind) where T : IEndpointConventionBuilder => builder.WithMetadata(new NeededCaller(kind));
}
