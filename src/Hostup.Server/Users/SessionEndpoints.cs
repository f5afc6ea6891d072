using System.Security.Claims;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Users;

/// <summary>Signing in and out, and who one is.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/session").WithTags("Session");
        group.MapPost("/", SignIn).For(CallerKind.Anyone).WithSummary("Signs a user in: a cookie, and the token that each request with it carries that changes something");
        group.MapGet("/", Show).For(CallerKind.Operator).May(Act.Read).WithSummary("Who asks; with a cookie also a token for requests that change something");
        group.MapDelete("/", SignOut).For(CallerKind.Operator).May(Act.Read).Audited("session.end").WithSummary("Signs the user out");
    }

    /// <summary>What the antiforgery tokens of a session are bound to.</summary>
    public static ClaimsPrincipal PrincipalOf(Caller caller) => new(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, caller.Id)], "session"));

    private static async Task<SessionView> SignIn(SignInRequest request, HttpContext context, HostupDb db, Sessions sessions, Passwords passwords, SignInFailures failures, AuditLog audit, IAntiforgery antiforgery, CancellationToken ct)
    {
        failures.TryPassword(context);
        string? organisation = await sessions.FindOrganisationAsync(request.Organisation, ct);
        var user = await sessions.FindUserAsync(organisation, request.Name, ct);
        bool fits = passwords.Fits(user?.PasswordHash, request.Password);
        if (organisation is not null)
            audit.Begin(organisation, user?.Id ?? "", "session.new", context);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (user is null || !fits || await sessions.BeginAsync(user, ct) is not { } key)
        {
            var wrong = new HostupException(HostupErrors.Unauthorized, "cannot sign in", "organisation, name and password do not belong together", "try again, or ask an administrator for a link with which to choose another password");
            // of a name that nobody has too: else the time of the answer would tell. The name is not written down: people mistake the fields
            if (organisation is not null)
                await audit.RefuseAsync(context.Request.Path, wrong);
            await transaction.CommitAsync(ct);
            throw wrong;
        }
        await audit.AddAsync($"user {user.Id}", null, ct);
        await transaction.CommitAsync(ct);
        SessionCookie.Set(context, key);
        var caller = Sessions.CallerOf(user, Key.Hash(key));
        context.User = PrincipalOf(caller);
        return await ViewAsync(caller, context, db, antiforgery, ct);
    }

    private static Task<SessionView> Show(Caller caller, HttpContext context, HostupDb db, IAntiforgery antiforgery, CancellationToken ct) => ViewAsync(caller, context, db, antiforgery, ct);

    private static async Task<IResult> SignOut(Caller caller, HttpContext context, HostupDb db, Sessions sessions, AuditLog audit, CancellationToken ct)
    {
        if (caller.Session is not { } session)
            throw new HostupException(HostupErrors.Conflict, "cannot sign out", "the request came with a key, which has no session", "nothing: forget the key, or revoke it");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await sessions.EndAsync(session, ct);
        await audit.AddAsync($"user {caller.Id}", null, ct);
        await transaction.CommitAsync(ct);
        SessionCookie.Clear(context);
        return Results.Ok();
    }

    private static async Task<SessionView> ViewAsync(Caller caller, HttpContext context, HostupDb db, IAntiforgery antiforgery, CancellationToken ct)
    {
        string name = caller.Session is null
            ? await db.ApiKeys.Where(k => k.Id == caller.Id).Select(k => k.Description).SingleAsync(ct)
            : await db.Users.Where(u => u.Id == caller.Id).Select(u => u.Name).SingleAsync(ct);
        return new SessionView
        {
            Id = caller.Id,
            Name = name,
            Organisation = await db.Organisations.Where(o => o.Id == caller.Scope.Organisation).Select(o => o.Name).SingleAsync(ct),
            Role = caller.Role is { } role ? Roles.NameOf(role) : "",
            Fleet = await db.Fleets.Where(f => f.Id == caller.Scope.Fleet).Select(f => f.Name).SingleOrDefaultAsync(ct),
            Antiforgery = caller.Session is null ? null : antiforgery.GetAndStoreTokens(context).RequestToken,
        };
    }
}
