using Hostup.Server.Database;
using Hostup.Server.Devices;
using Hostup.Server.Organisations;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Access;

/// <summary>Tells who holds a key.</summary>
internal sealed class Keys(HostupDb db, TimeProvider time)
{
    /// <summary>A use is written down only this often: a write with each request would be most of the database's work.</summary>
    private static readonly TimeSpan UseGrain = TimeSpan.FromMinutes(1);

    /// <summary>The holder, or null when the key is unknown or has expired.</summary>
    public async Task<Caller?> IdentifyAsync(string key, CancellationToken ct)
    {
        var kind = Key.KindOf(key);
        if (kind is null)
            return null;
        string hash = Key.Hash(key);
        if (kind == CallerKind.Device)
            return await DeviceAsync(key, hash, ct);
        var now = time.GetUtcNow();
        var row = await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.KeyHash == hash, ct);
        if (row is null || !Key.HashFits(key, row.KeyHash) || row.Kind != NameOf(kind.Value) || row.ExpiresAt <= now)
            return null;
        if (row.LastUsedAt is null || now - row.LastUsedAt >= UseGrain)
            await db.ApiKeys.Where(k => k.Id == row.Id).ExecuteUpdateAsync(s => s.SetProperty(k => k.LastUsedAt, now), ct);
        return new Caller(kind.Value, row.Id, new Scope(row.OrganisationId, row.FleetId)) { Role = row.Role is { } role ? Roles.Parse(role) : null, ExpiresAt = row.ExpiresAt };
    }

    /// <summary>Makes a key of an operator, or without a role one for provisioning.</summary>
    /// <returns>The stored row and the key itself, which is nowhere else.</returns>
    public async Task<(ApiKeyRow Row, string Key)> CreateAsync(Scope scope, Role? role, string description, DateTimeOffset? expiresAt, CancellationToken ct)
    {
        string key = Key.Create(KindOf(role));
        return (await AddAsync(scope, role, key, description, expiresAt, ct), key);
    }

    /// <summary>Lets in a key that was made before.</summary>
    public async Task<ApiKeyRow> AddAsync(Scope scope, Role? role, string key, string description, DateTimeOffset? expiresAt, CancellationToken ct)
    {
        var row = new ApiKeyRow
        {
            Id = Ids.New(),
            OrganisationId = scope.Organisation,
            FleetId = scope.Fleet,
            Kind = NameOf(KindOf(role)),
            Role = role is { } r ? Roles.NameOf(r) : null,
            KeyHash = Key.Hash(key),
            Description = description,
            CreatedAt = time.GetUtcNow(),
            ExpiresAt = expiresAt,
        };
        db.ApiKeys.Add(row);
        await db.SaveChangesAsync(ct);
        return row;
    }

    /// <summary>Whether the first organisation has a key of an operator: one that expired or was revoked counts.</summary>
    public Task<bool> HasOperatorAsync(CancellationToken ct) => db.ApiKeys.AnyAsync(k => k.Kind == "operator" && k.OrganisationId == OrganisationRow.First, ct);

    /// <summary>Keys of a kind that still work, newest first.</summary>
    public Task<List<ApiKeyRow>> ListAsync(Scope scope, CallerKind kind, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        string name = NameOf(kind);
        return db.KeysOf(scope).AsNoTracking().Where(k => k.Kind == name && (k.ExpiresAt == null || k.ExpiresAt > now)).OrderByDescending(k => k.Id).ToListAsync(ct);
    }

    /// <summary>Makes a key worthless from now on.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> RevokeAsync(Scope scope, CallerKind kind, string id, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        string name = NameOf(kind);
        return await db.KeysOf(scope).Where(k => k.Id == id && k.Kind == name).ExecuteUpdateAsync(s => s.SetProperty(k => k.ExpiresAt, now), ct) > 0;
    }

    /// <summary>Whether operators have keys of one fleet that still work.</summary>
    public Task<bool> OperatesFleetAsync(string organisation, string fleet, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return db.ApiKeys.AnyAsync(k => k.OrganisationId == organisation && k.FleetId == fleet && k.Kind == "operator" && (k.ExpiresAt == null || k.ExpiresAt > now), ct);
    }

    /// <summary>Makes every key of one fleet worthless.</summary>
    public Task RevokeOfFleetAsync(string organisation, string fleet, CancellationToken ct)
    {
        var now = time.GetUtcNow();
        return db.ApiKeys.Where(k => k.OrganisationId == organisation && k.FleetId == fleet && (k.ExpiresAt == null || k.ExpiresAt > now)).ExecuteUpdateAsync(s => s.SetProperty(k => k.ExpiresAt, now), ct);
    }

    private async Task<Caller?> DeviceAsync(string key, string hash, CancellationToken ct)
    {
        var device = await db.Devices.AsNoTracking().Where(d => d.KeyHash == hash || d.NextKeyHash == hash).Select(d => new { d.Uuid, d.OrganisationId, d.KeyHash, d.NextKeyHash }).SingleOrDefaultAsync(ct);
        if (device is null)
            return null;
        var caller = new Caller(CallerKind.Device, device.Uuid, new Scope(device.OrganisationId, null));
        if (Key.HashFits(key, device.KeyHash))
            return caller;
        if (device.NextKeyHash is not { } next || !Key.HashFits(key, next))
            return null;
        // it has kept its new key: only now the old one goes
        if (await db.Devices.Where(d => d.Uuid == device.Uuid && d.NextKeyHash == next).ExecuteUpdateAsync(
            s => s.SetProperty(d => d.KeyHash, next).SetProperty(d => d.NextKeyHash, (string?)null).SetProperty(d => d.RotateKey, false), ct) > 0)
        {
            db.AddDeviceEvent(device.Uuid, time.GetUtcNow(), DeviceEvents.KeyRotated, "uses its new key; the old one is worthless");
            await db.SaveChangesAsync(ct);
        }
        return caller;
    }

    private static CallerKind KindOf(Role? role) => role is null ? CallerKind.Provisioning : CallerKind.Operator;

    private static string NameOf(CallerKind kind) => kind == CallerKind.Operator ? "operator" : "provisioning";
}
