using Hostup.Core.Errors;
using Hostup.Server.Audit;
using Microsoft.AspNetCore.Antiforgery;

namespace Hostup.Server.Access;

/// <summary>Lets operators do what their role allows. What they change is written down where it is done; what was refused is written down here.</summary>
internal sealed class ActGate(RequestDelegate next)
{
    /// <summary>Header with the token that shows that a page of ours made the request.</summary>
    public const string AntiforgeryHeader = "Hostup-Antiforgery";

    public async Task InvokeAsync(HttpContext context, AuditLog audit, IAntiforgery antiforgery)
    {
        if (context.Features.Get<Caller>() is not { Kind: CallerKind.Operator } caller || context.GetEndpoint() is not { } endpoint)
        {
            await next(context);
            return;
        }
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            Check(caller, endpoint);
            await next(context);
            return;
        }
        string name = endpoint.Metadata.GetMetadata<AuditedAct>()?.Name
            ?? throw new InvalidOperationException($"bug: endpoint {endpoint.DisplayName} has no name in the audit log");
        audit.Begin(caller.Scope.Organisation, caller.Id, name, context);
        try
        {
            Check(caller, endpoint);
            // a cookie comes along whoever made the browser send the request; the token only with pages of ours
            if (caller.Session is not null && !await antiforgery.IsRequestValidAsync(context))
                throw new HostupException(HostupErrors.Forbidden, "cannot let the request in", $"it came with a cookie and without the token of its session in {AntiforgeryHeader}", "read the token at /api/v1/session and send it along");
            await next(context);
        }
        catch (HostupException e)
        {
            await audit.RefuseAsync(context.Request.Path, e);
            throw;
        }
    }

    private static void Check(Caller caller, Endpoint endpoint)
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
}

/// <summary>Which act of an operator an endpoint is.</summary>
internal sealed record NeededAct(Act Act);

internal static class NeededActConventions
{
    /// <summary>Says which act of an operator these endpoints are.</summary>
    public static T May<T>(this T builder, Act act) where T : IEndpointConventionBuilder => builder.WithMetadata(new NeededAct(act));
}
