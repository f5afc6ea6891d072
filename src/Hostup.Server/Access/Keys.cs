using Hostup.Server.Database;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Access;

/// <summary>Tells who holds a key.</summary>
internal sealed class Keys(HostupDb db, TimeProvider time)
{
    /// <summary>The holder, or null when the key is unknown or has expired.</summary>
    public async Task<Caller?> IdentifyAsync(string key, CancellationToken ct)
    {
        var kind = Key.KindOf(key);
        if (kind is null)
            return null;
        string hash = Key.Hash(key);
        if (kind == CallerKind.Device)
        {
            var device = await db.Devices.AsNoTracking().Where(d => d.KeyHash == hash).Select(d => new { d.Uuid, d.KeyHash }).SingleOrDefaultAsync(ct);
            return device is not null && Key.HashFits(key, device.KeyHash) ? new Caller(CallerKind.Device, device.Uuid) : null;
        }
        var row = await db.ApiKeys.AsNoTracking().SingleOrDefaultAsync(k => k.KeyHash == hash, ct);
        return row is not null && Key.HashFits(key, row.KeyHash) && row.Kind == NameOf(kind.Value) && !(row.ExpiresAt <= time.GetUtcNow())
            ? new Caller(kind.Value, row.Id)
            : null;
    }

    /// <summary>Makes a key of an operator or for provisioning.</summary>
    /// <returns>The stored row and the key itself, which is nowhere else.</returns>
    public async Task<(ApiKeyRow Row, string Key)> CreateAsync(CallerKind kind, string description, DateTimeOffset? expiresAt, CancellationToken ct)
    {
        string key = Key.Create(kind);
        return (await AddAsync(kind, key, description, expiresAt, ct), key);
    }

    /// <summary>Lets in a key that was made before.</summary>
    public async Task<ApiKeyRow> AddAsync(CallerKind kind, string key, string description, DateTimeOffset? expiresAt, CancellationToken ct)
    {
        var row = new ApiKeyRow { Id = Ids.New(), Kind = NameOf(kind), KeyHash = Key.Hash(key), Description = description, CreatedAt = time.GetUtcNow(), ExpiresAt = expiresAt };
        db.ApiKeys.Add(row);
        await db.SaveChangesAsync(ct);
        return row;
    }

    public Task<bool> HasOperatorAsync(CancellationToken ct) => db.ApiKeys.AnyAsync(k => k.Kind == "operator", ct);

    private static string NameOf(CallerKind kind) => kind == CallerKind.Operator ? "operator" : "provisioning";
}
