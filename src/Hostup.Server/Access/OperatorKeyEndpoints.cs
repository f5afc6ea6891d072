using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Access;

/// <summary>Keys of people and programs: one for each, so that one that was stolen can be made worthless without the others.</summary>
internal static class OperatorKeyEndpoints
{
    public static void MapOperatorKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/operator-keys").For(CallerKind.Operator).WithTags("Operator keys");
        group.MapPost("/", Create).May(Act.MakeKey).Audited("operator-key.new").WithSummary("Makes a key that may do no more than the one that asks; it is shown once");
        group.MapGet("/", List).May(Act.ManageKeys).WithSummary("Keys that still work, newest first");
        group.MapPost("/{id}/revoke", Revoke).May(Act.ManageKeys).Audited("operator-key.revoke").WithSummary("Makes a key worthless; the key that asks stays");
    }

    private static async Task<OperatorKeyAnswer> Create(OperatorKeyRequest request, HostupDb db, Keys keys, Caller caller, AuditLog audit, CancellationToken ct)
    {
        var role = caller.RoleFor(request.Role);
        var scope = await db.ScopeForAsync(caller, request.Fleet, ct);
        var end = caller.EndOf(request.ExpiresAt ?? caller.ExpiresAt);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var (row, key) = await keys.CreateAsync(scope, role, request.Description ?? "", end, ct);
        await audit.AddAsync($"operator key {row.Id}", $"{Roles.NameOf(role)}, {row.Description}", ct);
        await transaction.CommitAsync(ct);
        return new OperatorKeyAnswer(row.Id, key) { Role = Roles.NameOf(role), ExpiresAt = end };
    }

    private static async Task<Page<OperatorKeyView>> List(HostupDb db, Keys keys, Caller caller, CancellationToken ct)
    {
        var rows = await keys.ListAsync(caller.Scope, CallerKind.Operator, ct);
        var fleets = await db.FleetsOf(caller.Scope).ToDictionaryAsync(f => f.Id, f => f.Name, ct);
        return new([.. rows.Select(k => new OperatorKeyView(k.Id, k.Description, k.CreatedAt, k.Id == caller.Id)
        {
            Role = k.Role ?? "",
            Fleet = k.FleetId is { } fleet ? fleets.GetValueOrDefault(fleet, fleet) : null,
            ExpiresAt = k.ExpiresAt,
            LastUsedAt = k.LastUsedAt,
        })], null);
    }

    private static async Task<IResult> Revoke(string id, HostupDb db, Keys keys, Caller caller, AuditLog audit, CancellationToken ct)
    {
        // So there is always one left, and a thief who revokes is found by the key that he holds.
        if (id == caller.Id)
            throw new HostupException(HostupErrors.Conflict, $"cannot revoke operator key {id}", "it is the one that asks", "make another one with `hostup operator-key new`, log in with it, and revoke this one then");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await keys.RevokeAsync(caller.Scope, CallerKind.Operator, id, ct))
            throw new HostupException(HostupErrors.NotFound, $"cannot find operator key {id}", "there is none of that id", "see `hostup operator-key list`");
        await audit.AddAsync($"operator key {id}", null, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }
}
