using System.Globalization;
using System.Reflection;
using Hostup.Core.Errors;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Database;

/// <summary>Brings a database to the schema of this program: numbered SQL, each number applied once, in one transaction with its record.</summary>
internal static class Schema
{
    /// <summary>Applies what is missing.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when the database was written by a newer server.</exception>
    public static async Task UpgradeAsync(HostupDb db, IDatabaseEngine engine, TimeProvider time, CancellationToken ct)
    {
        await db.Database.ExecuteSqlRawAsync("CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)", ct);
        int applied = await AppliedAsync(db, ct);
        var scripts = Scripts(engine.SchemaFolder);
        if (applied > scripts.Count)
            throw new HostupException(HostupErrors.BadConfig, "cannot use the database", $"its schema has version {applied}, this server knows {scripts.Count}", "start a server at least as new as the one that wrote it");
        for (int version = applied + 1; version <= scripts.Count; version++)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await db.Database.ExecuteSqlRawAsync(scripts[version - 1], ct);
            await db.Database.ExecuteSqlAsync($"INSERT INTO schema_versions (version, applied_at) VALUES ({version}, {time.GetUtcNow().ToUnixTimeMilliseconds()})", ct);
            await transaction.CommitAsync(ct);
        }
    }

    /// <summary>Refuses a database of another version; nothing is changed.</summary>
    /// <exception cref="HostupException"><c>bad-config</c>.</exception>
    public static async Task RequireCurrentAsync(HostupDb db, IDatabaseEngine engine, CancellationToken ct)
    {
        int applied = await AppliedAsync(db, ct), known = Scripts(engine.SchemaFolder).Count;
        if (applied != known)
            throw new HostupException(HostupErrors.BadConfig, "cannot use the database", $"its schema has version {applied}, this program knows {known}", "use the program that the server was started with");
    }

    private static async Task<int> AppliedAsync(HostupDb db, CancellationToken ct) =>
        (await db.Database.SqlQueryRaw<int?>("SELECT MAX(version) AS \"Value\" FROM schema_versions").ToListAsync(ct)).Single() ?? 0;

    /// <summary>The SQL of every version, number 1 first.</summary>
    public static IReadOnlyList<string> Scripts(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new List<string>();
        while (assembly.GetManifestResourceStream(string.Create(CultureInfo.InvariantCulture, $"Hostup.Server.Database.{folder}.{scripts.Count + 1:0000}.sql")) is { } stream)
        {
            using var reader = new StreamReader(stream);
            scripts.Add(reader.ReadToEnd());
        }
        return scripts;
    }
}
