using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Devices;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Organisations;

/// <summary>Fleets, and which device is in which.</summary>
internal static class FleetEndpoints
{
    public static void MapFleets(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1").For(CallerKind.Operator).WithTags("Fleets");
        group.MapPost("/fleets", Create).May(Act.ManageFleets).Audited("fleet.new").WithSummary("Makes a fleet");
        group.MapGet("/fleets", List).May(Act.Read).WithSummary("Fleets by name");
        group.MapDelete("/fleets/{fleet}", Remove).May(Act.ManageFleets).Audited("fleet.remove").WithSummary("Removes a fleet, by name or id; its devices stay, in none, and its keys and users are let in no more");
        group.MapPut("/devices/{device}/fleet", SetForDevice).May(Act.ManageFleets).Audited("device.set-fleet").WithSummary("Puts a device into a fleet, or into none");
    }

    /// <summary>The fleet that an operator names.</summary>
    /// <exception cref="HostupException"><c>not-found</c>.</exception>
    public static async Task<FleetRow> FindFleetAsync(this HostupDb db, Scope scope, string name, CancellationToken ct) =>
        await db.FleetsOf(scope).AsNoTracking().SingleOrDefaultAsync(f => f.Name == name || f.Id == name, ct)
        ?? throw new HostupException(HostupErrors.NotFound, $"cannot find fleet '{name}'", "no fleet has this name or id", "see `hostup fleet list`");

    private static async Task<FleetView> Create(FleetRequest request, HostupDb db, Scope scope, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        string name = OwnerName.Check(request.Name, "fleet");
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.FleetsOf(scope).AnyAsync(f => f.Name == name || f.Id == name, ct))
            throw new HostupException(HostupErrors.Conflict, $"cannot make fleet {name}", "there is one of that name", "choose another name");
        var row = new FleetRow { Id = Ids.New(), OrganisationId = scope.Organisation, Name = name, CreatedAt = time.GetUtcNow() };
        db.Fleets.Add(row);
        await audit.AddAsync($"fleet {row.Id}", row.Name, ct);
        await transaction.CommitAsync(ct);
        return ToView(row, 0);
    }

    private static async Task<Page<FleetView>> List(HostupDb db, Scope scope, CancellationToken ct)
    {
        var rows = await db.FleetsOf(scope).AsNoTracking().OrderBy(f => f.Name).ToListAsync(ct);
        var counts = await db.DevicesOf(scope).Where(d => d.FleetId != null).GroupBy(d => d.FleetId!).Select(g => new { Fleet = g.Key, Count = g.Count() }).ToDictionaryAsync(g => g.Fleet, g => g.Count, ct);
        return new([.. rows.Select(f => ToView(f, counts.GetValueOrDefault(f.Id)))], null);
    }

    private static async Task<IResult> Remove(string fleet, HostupDb db, Keys keys, Caller caller, AuditLog audit, TimeProvider time, CancellationToken ct)
    {
        var scope = caller.Scope;
        var row = await db.FindFleetAsync(scope, fleet, ct);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        // they go with it, and ending them is an act of its own
        if ((!caller.May(Act.ManageKeys) && await keys.OperatesFleetAsync(scope.Organisation, row.Id, ct)) || (!caller.May(Act.ManageUsers) && await db.Users.AnyAsync(u => u.OrganisationId == scope.Organisation && u.FleetId == row.Id && u.EndedAt == null, ct)))
            throw new HostupException(HostupErrors.Forbidden, $"cannot remove fleet {row.Name}", "it has operator keys or users, which only an administrator may end", "let an administrator do it");
        await db.FleetsOf(scope).Where(f => f.Id == row.Id).ExecuteDeleteAsync(ct);
        await keys.RevokeOfFleetAsync(scope.Organisation, row.Id, ct);
        var now = time.GetUtcNow();
        await db.Users.Where(u => u.OrganisationId == scope.Organisation && u.FleetId == row.Id && u.EndedAt == null).ExecuteUpdateAsync(s => s.SetProperty(u => u.EndedAt, now), ct);
        await audit.AddAsync($"fleet {row.Id}", row.Name, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }

    private static async Task<DeviceFleetRequest> SetForDevice(string device, DeviceFleetRequest request, HostupDb db, Scope scope, AuditLog audit, CancellationToken ct)
    {
        var fleet = request.Fleet is { } name ? await db.FindFleetAsync(scope, name, ct) : null;
        string? id = fleet?.Id;
        string uuid = (await db.FindDeviceAsync(scope, device, ct)).Uuid;
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await db.DevicesOf(scope).Where(d => d.Uuid == uuid).ExecuteUpdateAsync(s => s.SetProperty(d => d.FleetId, id), ct);
        await audit.AddAsync($"device {uuid}", fleet is null ? "in no fleet" : $"in fleet {fleet.Name}", ct);
        await transaction.CommitAsync(ct);
        return new DeviceFleetRequest(fleet?.Name);
    }

    private static FleetView ToView(FleetRow row, int devices) => new(row.Id, row.Name, row.CreatedAt, devices);
}
