using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Access;

/// <summary>Keys with which devices register: into the organisation, or into one fleet of it.</summary>
internal static class ProvisioningKeyEndpoints
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(30);

    public static void MapProvisioningKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/provisioning-keys").For(CallerKind.Operator).WithTags("Provisioning keys");
        group.MapPost("/", Create).May(Act.Provision).Audited("provisioning-key.new").WithSummary("Makes a key with which devices register; it is shown once");
        group.MapGet("/", List).May(Act.Provision).WithSummary("Keys that still work, newest first");
        group.MapPost("/{id}/revoke", Revoke).May(Act.Provision).Audited("provisioning-key.revoke").WithSummary("Makes a key worthless; devices that registered with it stay");
    }

    private static async Task<Page<ProvisioningKeyView>> List(HostupDb db, Keys keys, Scope scope, CancellationToken ct)
    {
        var rows = await keys.ListAsync(scope, CallerKind.Provisioning, ct);
        var fleets = await db.FleetsOf(scope).ToDictionaryAsync(f => f.Id, f => f.Name, ct);
        return new([.. rows.Select(k => new ProvisioningKeyView(k.Id, k.Description, k.CreatedAt, k.ExpiresAt)
        {
            Fleet = k.FleetId is { } fleet ? fleets.GetValueOrDefault(fleet, fleet) : null,
            LastUsedAt = k.LastUsedAt,
        })], null);
    }

    private static async Task<IResult> Revoke(string id, HostupDb db, Keys keys, Scope scope, AuditLog audit, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await keys.RevokeAsync(scope, CallerKind.Provisioning, id, ct))
            throw new HostupException(HostupErrors.NotFound, $"cannot find provisioning key {id}", "there is none of that id", "see `hostup provisioning-key list`");
        await audit.AddAsync($"provisioning key {id}", null, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }

    private static async Task<ProvisioningKeyAnswer> Create(ProvisioningKeyRequest request, HostupDb db, Keys keys, Caller caller, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        // Who has it may take the place of any device: one that nobody thought of must not stay good.
        var usual = time.GetUtcNow() + UsualLife;
        var end = caller.EndOf(request.ExpiresAt ?? (request.NeverExpires ? null : caller.ExpiresAt < usual ? caller.ExpiresAt : usual));
        var scope = await db.ScopeForAsync(caller, request.Fleet, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var (row, key) = await keys.CreateAsync(scope, role: null, request.Description ?? "", end, ct);
        await audit.AddAsync($"provisioning key {row.Id}", row.Description, ct);
        await transaction.CommitAsync(ct);
        return new ProvisioningKeyAnswer(row.Id, key, row.ExpiresAt);
    }
}
