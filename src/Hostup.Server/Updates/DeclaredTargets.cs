using Hostup.Core.Errors;
using Hostup.Core.Wire;
using Hostup.Server.Access;
using Hostup.Server.Database;
using Hostup.Server.Releases;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Updates;

/// <summary>What devices are to run: who said it, when and why. It outlives the attempts that it leads to.</summary>
internal sealed class DeclaredTargets(HostupDb db, TimeProvider time)
{
    private const int MostWhy = 500;

    /// <summary>What is declared for a device; null: nothing.</summary>
    public async Task<DeclaredTarget?> OfAsync(string uuid, CancellationToken ct) => (await OfAsync([uuid], ct)).GetValueOrDefault(uuid);

    /// <summary>What is declared for some devices, by device; those without are not among them.</summary>
    public async Task<Dictionary<string, DeclaredTarget>> OfAsync(IReadOnlyList<string> uuids, CancellationToken ct) =>
        await db.DeclaredTargets.AsNoTracking().Where(t => uuids.Contains(t.DeviceUuid)).ToDictionaryAsync(t => t.DeviceUuid, t => new DeclaredTarget(t.ReleaseId, t.Version, t.Who, t.At, t.Why), ct);

    /// <summary>Declares it; it takes the place of what was declared before. Part of the caller's transaction, where there is one.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: the reason is too long.</exception>
    public async Task DeclareAsync(string uuid, ReleaseRow release, Caller by, string why, CancellationToken ct)
    {
        if (why.Length > MostWhy)
            throw new HostupException(HostupErrors.BadValue, "cannot keep why the device is to run it", $"the text has {why.Length} characters", $"say it in {MostWhy}");
        string who = await NameOfAsync(by, ct), text = why.Trim();
        long at = time.GetUtcNow().ToUnixTimeMilliseconds();
        // one statement: two operators may declare at the same time
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO declared_targets (device_uuid, release_id, version, who, at, why) VALUES ({uuid}, {release.Id}, {release.Version}, {who}, {at}, {text})
            ON CONFLICT (device_uuid) DO UPDATE SET release_id = excluded.release_id, version = excluded.version, who = excluded.who, at = excluded.at, why = excluded.why
            """, ct);
    }

    /// <summary>Nothing is declared any more.</summary>
    public Task ForgetAsync(string uuid, CancellationToken ct) => db.DeclaredTargets.Where(t => t.DeviceUuid == uuid).ExecuteDeleteAsync(ct);

    /// <summary>As the audit log names them; one that nobody gave a name has its id.</summary>
    private async Task<string> NameOfAsync(Caller by, CancellationToken ct)
    {
        string? name = await db.ApiKeys.Where(k => k.Id == by.Id).Select(k => k.Description).Concat(db.Users.Where(u => u.Id == by.Id).Select(u => u.Name)).FirstOrDefaultAsync(ct);
        return name is { Length: > 0 } ? name : $"key {by.Id}";
    }
}
