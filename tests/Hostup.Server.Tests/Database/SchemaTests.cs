using Hostup.Core.Errors;
using Hostup.Server.Database;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Tests.Database;

public sealed class SchemaTests
{
    [Fact]
    public async Task The_numbered_SQL_makes_the_schema_of_the_model()
    {
        await using var written = await OpenAsync();
        await Schema.UpgradeAsync(written, new SqliteEngine(":memory:"), TimeProvider.System, CancellationToken.None);
        await using var model = await OpenAsync();
        await model.Database.EnsureCreatedAsync();

        Assert.Equal(await DescribeAsync(model), (await DescribeAsync(written)).Where(l => !l.Contains("schema_versions", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_second_upgrade_changes_nothing_and_a_newer_database_is_refused()
    {
        await using var db = await OpenAsync();
        var engine = new SqliteEngine(":memory:");
        await Schema.UpgradeAsync(db, engine, TimeProvider.System, CancellationToken.None);
        var before = await DescribeAsync(db);

        await Schema.UpgradeAsync(db, engine, TimeProvider.System, CancellationToken.None);
        Assert.Equal(before, await DescribeAsync(db));

        await db.Database.ExecuteSqlRawAsync("INSERT INTO schema_versions (version, applied_at) VALUES (999, 0)");
        Assert.Equal(HostupErrors.BadConfig, (await Assert.ThrowsAsync<HostupException>(() => Schema.UpgradeAsync(db, engine, TimeProvider.System, CancellationToken.None))).Code);
    }

    [Fact]
    public async Task Attempts_and_what_hangs_on_them_outlive_an_upgrade()
    {
        const int before = 4;
        await using var db = await OpenAsync();
        await db.Database.ExecuteSqlRawAsync("CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)");
        foreach (var (script, index) in Schema.Scripts(new SqliteEngine(":memory:").SchemaFolder).Take(before).Select((s, i) => (s, i)))
        {
            await db.Database.ExecuteSqlRawAsync(script);
            await db.Database.ExecuteSqlAsync($"INSERT INTO schema_versions (version, applied_at) VALUES ({index + 1}, 0)");
        }
        await db.Database.ExecuteSqlRawAsync("""
            INSERT INTO devices (uuid, name, device_type, key_hash, registered_at, os_version, platform) VALUES ('d', 'n', 't', 'h', 0, '', '');
            INSERT INTO releases VALUES ('r', '1', 't', 1, '', 0, 0, 'e', 'i', 'x', 1, NULL, NULL);
            INSERT INTO attempts (id, device_uuid, release_id, version, from_version, reinstall, fallback_registries, created_at, changed_at, cancel_asked, serial, report_serial, state, report, log_bytes, override_locks, policy)
                VALUES ('a', 'd', 'r', '2', '1', 1, '[]', 7, 8, 1, 9, 3, 'queued', 'text', 2, 1, 'p');
            INSERT INTO attempt_events (id, attempt_id, at, state, message) VALUES (5, 'a', 6, 'queued', 'm');
            INSERT INTO attempt_log_parts VALUES ('a', 0, x'6869');
            INSERT INTO attempt_plans VALUES ('a', x'7b7d');
            """);

        await Schema.UpgradeAsync(db, new SqliteEngine(":memory:"), TimeProvider.System, CancellationToken.None);

        var attempt = await db.Attempts.SingleAsync();
        Assert.Equal(("a", "d", "r", "2", "1", true, 9L, 3L, "queued", true, "p"), (attempt.Id, attempt.DeviceUuid, attempt.ReleaseId, attempt.Version, attempt.FromVersion, attempt.Reinstall, attempt.Serial, attempt.ReportSerial, attempt.State, attempt.OverrideLocks, attempt.Policy));
        Assert.Null(attempt.NotBefore);
        var happened = await db.AttemptEvents.SingleAsync();
        Assert.Equal((5L, "m"), (happened.Id, happened.Message));
        Assert.Equal("hi"u8.ToArray(), (await db.AttemptLogParts.SingleAsync()).Content);
        Assert.Equal("{}"u8.ToArray(), (await db.AttemptPlans.SingleAsync()).Content);
    }

    private static async Task<HostupDb> OpenAsync()
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync();
        return new HostupDb(new DbContextOptionsBuilder<HostupDb>().UseSqlite(connection).Options);
    }

    /// <summary>Columns, keys, indexes and foreign keys of every table, one line each.</summary>
    private static async Task<List<string>> DescribeAsync(HostupDb db)
    {
        string[] queries =
        [
            "SELECT m.name || '.' || c.name || ' ' || c.type || ' notnull=' || c.\"notnull\" || ' pk=' || c.pk FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
            "SELECT m.name || ' index ' || i.name || ' unique=' || i.\"unique\" || ' ' || group_concat(c.name) FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_info(i.name) c WHERE m.type = 'table' AND i.origin = 'c' GROUP BY m.name, i.name",
            "SELECT m.name || ' foreign ' || f.\"from\" || ' -> ' || f.\"table\" || '.' || f.\"to\" || ' ' || f.on_delete FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
        ];
        var lines = new List<string>();
        foreach (string query in queries)
        {
            await using var command = db.Database.GetDbConnection().CreateCommand();
            command.CommandText = query;
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
                lines.Add(reader.GetString(0));
        }
        return [.. lines.Order(StringComparer.Ordinal)];
    }
}
