using System.Text.Json;
using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Audit;
using Hostup.Server.Database;
using Hostup.Server.Organisations;
using Hostup.Server.Updates;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Devices;

/// <summary>Devices as an operator sees them.</summary>
internal static class DeviceEndpoints
{
    public static void MapDevices(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/devices").WithTags("Devices").For(CallerKind.Operator);
        group.MapGet("/", List).May(Act.Read).WithSummary("Devices by uuid; those of one fleet");
        group.MapGet("/{device}", Show).May(Act.Read).WithSummary("One device, by uuid, its beginning (7 digits or more) or its name");
        group.MapPost("/{device}/reset-key", ResetKey).May(Act.ChangeDevice).Audited("device.reset-key").WithSummary("Makes the device's key worthless and lets it register again");
        group.MapPost("/{device}/rotate-key", RotateKey).May(Act.ChangeDevice).Audited("device.rotate-key").WithSummary("Asks the device to change its key; the old one is good until the new one was used");
        group.MapPost("/{device}/retire", Retire).May(Act.ChangeDevice).Audited("device.retire").WithSummary("Makes the device's key worthless for good; its history stays");
        group.MapGet("/{device}/events", Events).May(Act.Read).WithSummary("What happened to the device's identity, newest first");
    }

    private static async Task<Page<DeviceView>> List(HostupDb db, Scope scope, Silences silences, WhyNots whyNots, DeclaredTargets targets, string? fleet, string? after, int? limit, CancellationToken ct)
    {
        int count = Paging.Count(limit);
        string? fleetId = fleet is null ? null : (await db.FindFleetAsync(scope, fleet, ct)).Id;
        var rows = await db.DevicesOf(scope).AsNoTracking().Where(d => fleetId == null || d.FleetId == fleetId).Where(d => after == null || string.Compare(d.Uuid, after) > 0).OrderBy(d => d.Uuid).Take(count + 1).ToListAsync(ct);
        var ids = rows.Select(r => r.TargetAttemptId).OfType<string>().ToList();
        var attempts = await db.AttemptsOf(scope).AsNoTracking().Where(a => ids.Contains(a.Id)).ToDictionaryAsync(a => a.Id, ct);
        var fleets = await db.FleetsOf(scope).ToDictionaryAsync(f => f.Id, f => f.Name, ct);
        IReadOnlyList<string> uuids = [.. rows.Select(r => r.Uuid)];
        var last = await whyNots.LastAsync(uuids, ct);
        var declared = await targets.OfAsync(uuids, ct);
        var views = new Dictionary<string, DeviceView>();
        foreach (var row in rows)
        {
            var view = (await ToViewAsync(row, row.TargetAttemptId is { } id ? attempts.GetValueOrDefault(id) : null, silences, ct)) with { Fleet = row.FleetId is { } f ? fleets.GetValueOrDefault(f) : null };
            views[row.Uuid] = await ExplainAsync(view with { Target = declared.GetValueOrDefault(row.Uuid) }, row, last.GetValueOrDefault(row.Uuid), whyNots, ct);
        }
        return Paging.Page(rows, count, d => d.Uuid, d => views[d.Uuid]);
    }

    private static async Task<DeviceView> Show(string device, HostupDb db, Scope scope, Silences silences, WhyNots whyNots, DeclaredTargets targets, CancellationToken ct)
    {
        var row = await db.FindDeviceAsync(scope, device, ct);
        var attempt = row.TargetAttemptId is { } id ? await db.AttemptsOf(scope).AsNoTracking().SingleOrDefaultAsync(a => a.Id == id, ct) : null;
        var last = await db.AttemptsOf(scope).AsNoTracking().Where(a => a.DeviceUuid == row.Uuid).OrderByDescending(a => a.Id).FirstOrDefaultAsync(ct);
        string? fleet = await db.FleetsOf(scope).Where(f => f.Id == row.FleetId).Select(f => f.Name).SingleOrDefaultAsync(ct);
        var view = (await ToViewAsync(row, attempt, silences, ct)) with { Fleet = fleet, Target = await targets.OfAsync(row.Uuid, ct) };
        return (await ExplainAsync(view, row, last, whyNots, ct)) with { LastAttempt = last?.ToView([]), Machines = row.ClonedAt is null ? [] : await CloneWatch.MachinesAsync(db, row.Uuid, ct) };
    }

    private static async Task<Page<DeviceEvent>> Events(string device, HostupDb db, Scope scope, CancellationToken ct)
    {
        string uuid = (await db.FindDeviceAsync(scope, device, ct)).Uuid;
        var rows = await db.DeviceEvents.AsNoTracking().Where(e => e.DeviceUuid == uuid).OrderByDescending(e => e.Id).Take(1000).ToListAsync(ct);
        return new([.. rows.Select(e => new DeviceEvent(e.At, e.Kind, e.Message))], null);
    }

    private static async Task<IResult> ResetKey(string device, HostupDb db, Scope scope, DeviceIdentity identity, AuditLog audit, CancellationToken ct) =>
        await ChangeAsync(await db.FindDeviceAsync(scope, device, ct), identity.ResetAsync, db, audit, ct);

    private static async Task<IResult> RotateKey(string device, HostupDb db, Scope scope, DeviceIdentity identity, AuditLog audit, CancellationToken ct) =>
        await ChangeAsync(await db.FindDeviceAsync(scope, device, ct), identity.RotateAsync, db, audit, ct);

    private static async Task<IResult> Retire(string device, HostupDb db, Scope scope, DeviceIdentity identity, AuditLog audit, CancellationToken ct) =>
        await ChangeAsync(await db.FindDeviceAsync(scope, device, ct), identity.RetireAsync, db, audit, ct);

    private static async Task<IResult> ChangeAsync(DeviceRow device, Func<DeviceRow, CancellationToken, Task> change, HostupDb db, AuditLog audit, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        await change(device, ct);
        await audit.AddAsync($"device {device.Uuid}", device.Name, ct);
        await transaction.CommitAsync(ct);
        return Results.Ok();
    }

    /// <summary>The device that an operator names.</summary>
    /// <exception cref="HostupException"><c>not-found</c> when none fits, <c>conflict</c> when several do.</exception>
    public static async Task<DeviceRow> FindDeviceAsync(this HostupDb db, Scope scope, string name, CancellationToken ct)
    {
        const int shortestUuid = 7;
        bool isUuid = name.Length >= shortestUuid && name.All(char.IsAsciiHexDigitLower);
        var found = await db.DevicesOf(scope).AsNoTracking().Where(d => d.Name == name || (isUuid && d.Uuid.StartsWith(name))).OrderByDescending(d => d.Uuid == name).ThenBy(d => d.Uuid).Take(2).ToListAsync(ct);
        return found switch
        {
            [var one] => one,
            // a device says its name itself: one that says the uuid of another does not hide it
            [var one, ..] when one.Uuid == name => one,
            [] => throw new HostupException(HostupErrors.NotFound, $"cannot find device '{name}'", "no device has this uuid or name", "see `hostup device list`"),
            _ => throw new HostupException(HostupErrors.Conflict, $"cannot tell which device '{name}' is", "several devices fit", "give the whole uuid"),
        };
    }

    private static async Task<DeviceView> ExplainAsync(DeviceView view, DeviceRow row, AttemptRow? last, WhyNots whyNots, CancellationToken ct) =>
        view with { WhyNot = await whyNots.OfAsync(row, view.State, view.Target, last, view.OpenAttempt?.Id == last?.Id ? view.OpenAttempt?.Silence : null, ct) };

    private static async Task<DeviceView> ToViewAsync(DeviceRow row, AttemptRow? attempt, Silences silences, CancellationToken ct) => new()
    {
        Uuid = row.Uuid,
        Name = row.Name,
        DeviceType = row.DeviceType,
        RegisteredAt = row.RegisteredAt,
        LastSeenAt = row.LastSeenAt,
        State = row.State is null ? null : JsonSerializer.Deserialize(row.State, WireJson.Default.DeviceStateReport),
        RetiredAt = row.RetiredAt,
        ClonedAt = row.ClonedAt,
        KeyRotationAsked = row.RotateKey,
        Policy = Policies.Policies.Read(row.Policy),
        OpenAttempt = attempt is { EndedAt: null } ? attempt.ToView([]) with { Silence = await silences.OfAsync(attempt, row.LastSeenAt, ct) } : null,
    };
}
