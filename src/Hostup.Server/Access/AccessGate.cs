using Hostup.Core.Errors;
using Hostup.Server.Audit;
using Microsoft.Net.Http.Headers;

namespace Hostup.Server.Access;

/// <summary>The one place that lets requests in: it compares what the endpoint asks for with whom the credentials belong to, before the body is read.</summary>
internal sealed class AccessGate(RequestDelegate next)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context, Keys keys, AuditLog audit)
    {
        if (context.GetEndpoint() is { } endpoint && !IsFrameworks(endpoint))
        {
            var needed = endpoint.Metadata.GetMetadata<NeededCaller>()?.Kind
                ?? throw new InvalidOperationException($"bug: endpoint {endpoint.DisplayName} does not say who may call it");
            if (needed is not (CallerKind.Anyone or CallerKind.Registry))
            {
                var caller = await CallerAsync(context, needed, keys);
                context.Features.Set(caller);
                if (needed is CallerKind.Operator)
                {
                    await OperateAsync(context, endpoint, caller, audit);
                    return;
                }
            }
        }
        await next(context);
    }

    /// <summary>Lets an operator do it, if they may. What changes something is written down by itself; here is written down what was refused.</summary>
    private async Task OperateAsync(HttpContext context, Endpoint endpoint, Caller caller, AuditLog audit)
    {
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            CheckAct(caller, endpoint);
            await next(context);
            return;
        }
        string name = endpoint.Metadata.GetMetadata<AuditedAct>()?.Name
            ?? throw new InvalidOperationException($"bug: endpoint {endpoint.DisplayName} has no name in the audit log");
        audit.Begin(caller.Scope.Organisation, caller.Id, name, context);
        try
        {
            CheckAct(caller, endpoint);
            await next(context);
        }
        catch (HostupException e)
        {
            await audit.RefuseAsync(context.Request.Path, e);
            throw;
        }
    }

    private static void CheckAct(Caller caller, Endpoint endpoint)
    {
        var act = endpoint.Metadata.GetMetadata<NeededAct>()?.Act
            ?? throw new InvalidOperationException($"bug: endpoint {endpoint.DisplayName} does not say which act it is");
        if (caller.May(act))
            return;
        var role = caller.Role ?? throw new InvalidOperationException($"bug: operator {caller.Id} has no role");
        throw Roles.May(role, act)
            ? new HostupException(HostupErrors.Forbidden, "cannot let the request in", "its key is for one fleet, and this concerns the whole organisation", "use a key for the whole organisation")
            : new HostupException(HostupErrors.Forbidden, "cannot let the request in", $"its key is in the role {Roles.NameOf(role)}", $"use a key in the role {string.Join(" or ", Roles.Of(act).Select(Roles.NameOf))}");
    }

    private static async Task<Caller> CallerAsync(HttpContext context, CallerKind needed, Keys keys)
    {
        string header = context.Request.Headers.Authorization.ToString();
        var caller = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? await keys.IdentifyAsync(header[Scheme.Length..].Trim(), context.RequestAborted)
            : null;
        if (caller is null)
        {
            context.Response.Headers[HeaderNames.WWWAuthenticate] = "Bearer";
            throw new HostupException(HostupErrors.Unauthorized, "cannot let the request in", header.Length == 0 ? "it carries no key" : "its key is unknown or has expired", $"send a key {For(needed)} as 'Authorization: Bearer KEY'");
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

/// <summary>Which act of an operator an endpoint is.</summary>
internal sealed record NeededAct(Act Act);

internal static class NeededCallerConventions
{
    /// <summary>Says who may call these endpoints.</summary>
    public static T For<T>(this T builder, CallerKind kind) where T : IEndpointConventionBuilder => builder.WithMetadata(new NeededCaller(kind));

    /// <summary>Says which act of an operator these endpoints are.</summary>
    public static T May<T>(this T builder, Act act) where T : IEndpointConventionBuilder => builder.WithMetadata(new NeededAct(act));
}
