using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Database;
using Hostup.Server.Organisations;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Access;

/// <summary>Keys with which devices register: into the organisation, or into one fleet of it.</summary>
internal static class ProvisioningKeyEndpoints
{
    private static readonly TimeSpan UsualLife = TimeSpan.FromDays(30);

    public static void MapProvisioningKeys(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/provisioning-keys").For(CallerKind.Operator).WithTags("Provisioning keys");
        group.MapPost("/", Create).May(Act.Provision).WithSummary("Makes a key with which devices register; it is shown once");
        group.MapGet("/", List).May(Act.Provision).WithSummary("Keys that still work, newest first");
        group.MapPost("/{id}/revoke", Revoke).May(Act.Provision).WithSummary("Makes a key worthless; devices that registered with it stay");
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

    private static async Task<IResult> Revoke(string id, Keys keys, Scope scope, CancellationToken ct) => await keys.RevokeAsync(scope, CallerKind.Provisioning, id, ct)
        ? Results.Ok()
        : throw new HostupException(HostupErrors.NotFound, $"cannot find provisioning key {id}", "there is none of that id", "see `hostup provisioning-key list`");

    private static async Task<ProvisioningKeyAnswer> Create(ProvisioningKeyRequest request, HostupDb db, Keys keys, Caller caller, TimeProvider time, CancellationToken ct)
    {
        // Who has it may take the place of any device: one that nobody thought of must not stay good.
        var usual = time.GetUtcNow() + UsualLife;
        var end = caller.EndOf(request.ExpiresAt ?? (request.NeverExpires ? null : caller.ExpiresAt < usual ? caller.ExpiresAt : usual));
        var scope = request.Fleet is { } fleet ? caller.Scope with { Fleet = (await db.FindFleetAsync(caller.Scope, fleet, ct)).Id } : caller.Scope;
        var (row, key) = await keys.CreateAsync(scope, role: null, request.Description ?? "", end, ct);
        return new ProvisioningKeyAnswer(row.Id, key, row.ExpiresAt);
    }
}
