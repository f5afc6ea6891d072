using System.Text.Json;
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
    public async Task<DeclaredTarget?> OfAsync(string uuid, CancellationToken ct)
    {
        string name = NameOf(uuid);
        return Read(await db.Settings.AsNoTracking().Where(s => s.Name == name).Select(s => s.Value).SingleOrDefaultAsync(ct));
    }

    /// <summary>What is declared for some devices, by device; those without are not among them.</summary>
    public async Task<Dictionary<string, DeclaredTarget>> OfAsync(IReadOnlyList<string> uuids, CancellationToken ct)
    {
        var names = uuids.ToDictionary(u => NameOf(u), StringComparer.Ordinal);
        IReadOnlyList<string> wanted = [.. names.Keys];
        var rows = await db.Settings.AsNoTracking().Where(s => wanted.Contains(s.Name)).ToListAsync(ct);
        return rows.ToDictionary(r => names[r.Name], r => Read(r.Value)!);
    }

    /// <summary>Declares it; it takes the place of what was declared before. Part of the caller's transaction, where there is one.</summary>
    /// <exception cref="HostupException"><c>bad-value</c>: the reason is too long.</exception>
    public async Task DeclareAsync(string uuid, ReleaseRow release, Caller by, string why, CancellationToken ct)
    {
        if (why.Length > MostWhy)
            throw new HostupException(HostupErrors.BadValue, "cannot keep why the device is to run it", $"the text has {why.Length} characters", $"say it in {MostWhy}");
        string who = await db.ApiKeys.Where(k => k.Id == by.Id).Select(k => k.Description).SingleOrDefaultAsync(ct) is { Length: > 0 } description ? description : $"key {by.Id}";
        string text = JsonSerializer.Serialize(new DeclaredTarget(release.Id, release.Version, who, time.GetUtcNow(), why.Trim()), WireJson.Default.DeclaredTarget);
        string name = NameOf(uuid);
        // one statement: two operators may declare at the same time
        await db.Database.ExecuteSqlAsync($"INSERT INTO settings (name, value) VALUES ({name}, {text}) ON CONFLICT (name) DO UPDATE SET value = excluded.value", ct);
    }

    /// <summary>Nothing is declared any more.</summary>
    public async Task ForgetAsync(string uuid, CancellationToken ct)
    {
        string name = NameOf(uuid);
        await db.Settings.Where(s => s.Name == name).ExecuteDeleteAsync(ct);
    }

    private static string NameOf(string uuid) => "target:" + uuid;

    private static DeclaredTarget? Read(string? text) => text is null ? null : JsonSerializer.Deserialize(text, WireJson.Default.DeclaredTarget);
}
