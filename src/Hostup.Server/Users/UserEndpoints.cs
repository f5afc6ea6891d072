using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Organisations;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Users;

/// <summary>Users as an administrator makes them: with a link, never with a password.</summary>
internal static class UserEndpoints
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/users").WithTags("Users").For(CallerKind.Operator);
        group.MapPost("/", Create).May(Act.ManageUsers).Audited("user.new").WithSummary("Makes a user who may do no more than who asks; the link to choose a password is shown once");
        group.MapGet("/", List).May(Act.ManageUsers).WithSummary("Users who are let in, by name");
        group.MapPost("/{id}/invite", Invite).May(Act.ManageUsers).Audited("user.invite").WithSummary("Another link for a user, by name or id, to choose a password; the old password is good until then");
        group.MapPost("/{id}/end", End).May(Act.ManageUsers).Audited("user.end").WithSummary("Lets a user in no more, from now on");
    }

    private static async Task<UserInvitation> Create(UserRequest request, HttpContext context, HostupDb db, Caller caller, Invitations invitations, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        string name = OwnerName.Check(request.Name, "user");
        var role = caller.RoleFor(request.Role);
        // a user does not end by itself
        caller.EndOf(null);
        var scope = await db.ScopeForAsync(caller, request.Fleet, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        // users are named by their ids too: one who bore another's id would hide that one
        if (await db.Users.AnyAsync(u => u.OrganisationId == scope.Organisation && (u.Name == name || u.Id == name), ct))
            throw new HostupException(HostupErrors.Conflict, $"cannot make user {name}", "there is one of that name, or there was", "choose another name");
        var user = new UserRow { Id = Ids.New(), OrganisationId = scope.Organisation, FleetId = scope.Fleet, Name = name, Role = Roles.NameOf(role), CreatedAt = time.GetUtcNow() };
        var (token, until) = invitations.Make(user);
        db.Users.Add(user);
        await audit.AddAsync($"user {user.Id}", $"{user.Name}, {user.Role}", ct);
        await transaction.CommitAsync(ct);
        return ToInvitation(user, token, until, context.Request);
    }

    private static async Task<Page<UserView>> List(HostupDb db, Scope scope, CancellationToken ct)
    {
        var rows = await db.UsersOf(scope).AsNoTracking().Where(u => u.EndedAt == null).OrderBy(u => u.Name).ToListAsync(ct);
        var fleets = await db.FleetsOf(scope).ToDictionaryAsync(f => f.Id, f => f.Name, ct);
        return new([.. rows.Select(u => new UserView(u.Id, u.Name, u.Role, u.CreatedAt, u.PasswordHash is not null) { Fleet = u.FleetId is { } fleet ? fleets.GetValueOrDefault(fleet, fleet) : null })], null);
    }

    private static async Task<UserInvitation> Invite(string id, HttpContext context, HostupDb db, Caller caller, Invitations invitations, AuditLog audit, CancellationToken ct)
    {
        // who has the link has the user, for longer than a key that ends
        caller.EndOf(null);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = await FindAsync(db, caller.Scope, id, ct);
        var (token, until) = invitations.Make(user);
        await audit.AddAsync($"user {user.Id}", user.Name, ct);
        await transaction.CommitAsync(ct);
        return ToInvitation(user, token, until, context.Request);
    }

    private static async Task<IResult> End(string id, HostupDb db, Caller caller, Sessions sessions, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = await FindAsync(db, caller.Scope, id, ct);
        if (user.Id == caller.Id)
            throw new HostupException(HostupErrors.Conflict, $"cannot end user {user.Name}", "it is the one that asks", "let another administrator do it");
        (user.EndedAt, user.PasswordHash, user.InvitationHash, user.InvitationUntil) = (time.GetUtcNow(), null, null, null);
        await sessions.EndAllAsync(user.Id, ct);
        await audit.AddAsync($"user {user.Id}", user.Name, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }

    private static async Task<UserRow> FindAsync(HostupDb db, Scope scope, string name, CancellationToken ct) =>
        await db.UsersOf(scope).SingleOrDefaultAsync(u => u.EndedAt == null && (u.Id == name || u.Name == name), ct)
        ?? throw new HostupException(HostupErrors.NotFound, $"cannot find user '{name}'", "no user has this name or id", "see `hostup user list`");

    private static UserInvitation ToInvitation(UserRow user, string token, DateTimeOffset until, HttpRequest request) =>
        new(user.Id, user.Name, $"{request.Scheme}://{request.Host}{Invitations.Path}?token={token}", until);
}
