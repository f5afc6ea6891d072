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
        await using var db = await OpenAsync(version: 4);
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

    [Fact]
    public async Task What_was_there_before_organisations_belongs_to_the_first_one()
    {
        await using var db = await OpenAsync(version: 6);
        await db.Database.ExecuteSqlRawAsync("""
            INSERT INTO settings (name, value) VALUES ('policy', 'said'), ('registry-token-key', 'kept');
            INSERT INTO api_keys (id, kind, key_hash, description, created_at) VALUES ('k', 'operator', 'h', 'd', 0);
            INSERT INTO devices (uuid, name, device_type, key_hash, registered_at, os_version, platform) VALUES ('u', 'n', 't', 'h', 0, '', '');
            INSERT INTO releases (id, version, device_type, sequence, build_id, signed_at, published_at, envelope_digest, image_digest, repository, download_bytes) VALUES ('r', '1.0.0', 't', 1, '', 0, 0, 'e', 'i', 'p', 1);
            INSERT INTO deltas (id, from_tree, from_release_id, to_release_id, state, urgent, tries, progress, created_at, changed_at, serial) VALUES ('d', 't', 'r', 'r', 'queued', 0, 0, 0, 0, 0, 1);
            INSERT INTO attempts (id, device_uuid, release_id, version, from_version, reinstall, fallback_registries, created_at, changed_at, cancel_asked, serial, report_serial, state, report, log_bytes) VALUES ('a', 'u', 'r', '1.0.0', '', 0, '[]', 0, 0, 0, 1, -1, 'queued', '', 0);
            INSERT INTO updaters (digest, version, size, platform, envelope_digest, published_at) VALUES ('p', '1', 1, 'linux-x64', 'e', 0);
            INSERT INTO trust_lists (version, envelope_digest, published_at) VALUES (3, 'e', 0);
            INSERT INTO repository_contents (repository, digest, media_type) VALUES ('hostos/x', 'c', NULL);
            INSERT INTO repository_tags (repository, tag, digest) VALUES ('hostos/x', '1', 'c');
            """);

        await Schema.UpgradeAsync(db, new SqliteEngine(":memory:"), TimeProvider.System, CancellationToken.None);

        var first = await db.Organisations.SingleAsync();
        Assert.Equal(("default", "said"), (first.Id, first.Policy!));
        Assert.Equal(["registry-token-key"], await db.Settings.Select(s => s.Name).ToListAsync());
        string[] owners =
        [
            (await db.ApiKeys.SingleAsync()).OrganisationId, (await db.Devices.SingleAsync()).OrganisationId, (await db.Releases.SingleAsync()).OrganisationId, (await db.Deltas.SingleAsync()).OrganisationId,
            (await db.Attempts.SingleAsync()).OrganisationId, (await db.Updaters.SingleAsync()).OrganisationId, (await db.TrustLists.SingleAsync()).OrganisationId, (await db.RepositoryTags.SingleAsync()).OrganisationId,
        ];
        Assert.All(owners, owner => Assert.Equal("default", owner));
        Assert.Equal("administrator", (await db.ApiKeys.SingleAsync()).Role);
        // programs of updaters are there by their digests, as they would be after an upload
        Assert.Equal(["_updaters p", "hostos/x c"], (await db.RepositoryContents.ToListAsync()).Select(c => $"{c.Repository} {c.Digest}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Releases_of_a_server_without_drafts_are_offered()
    {
        await using var db = await OpenAsync(version: 12);
        await db.Database.ExecuteSqlRawAsync("INSERT INTO releases (id, version, device_type, sequence, build_id, signed_at, published_at, envelope_digest, image_digest, repository, download_bytes) VALUES ('r', '1.0.0', 't', 1, '', 0, 0, 'e', 'i', 'p', 1)");

        await Schema.UpgradeAsync(db, new SqliteEngine(":memory:"), TimeProvider.System, CancellationToken.None);

        Assert.False((await db.Releases.SingleAsync()).IsDraft);
    }

    [Theory]
    [InlineData("UPDATE audit SET outcome = 'done'")]
    [InlineData("DELETE FROM audit")]
    [InlineData("DELETE FROM audit WHERE id = 1")]
    [InlineData("INSERT OR REPLACE INTO audit (id, organisation_id, at, who, address, act, subject, outcome) VALUES (1, 'default', 0, 'k', '', 'a', 's', 'done')")]
    public async Task Nothing_takes_an_entry_out_of_the_audit_log_or_changes_it(string sql)
    {
        await using var db = await OpenAsync();
        await Schema.UpgradeAsync(db, new SqliteEngine(":memory:"), TimeProvider.System, CancellationToken.None);
        await db.Database.ExecuteSqlRawAsync("INSERT INTO audit (organisation_id, at, who, address, act, subject, outcome) VALUES ('default', 0, 'k', '', 'a', 's', 'forbidden')");

        await Assert.ThrowsAsync<SqliteException>(() => db.Database.ExecuteSqlRawAsync(sql));

        Assert.Equal("forbidden", (await db.Audit.SingleAsync()).Outcome);
    }

    /// <param name="version">The schema's: so many of the numbered scripts have run.</param>
    private static async Task<HostupDb> OpenAsync(int version = 0)
    {
        var connection = new SqliteConnection("Data Source=:memory:");
        await connection.OpenAsync();
        var db = new HostupDb(new DbContextOptionsBuilder<HostupDb>().UseSqlite(connection).Options);
        if (version == 0)
            return db;
        await db.Database.ExecuteSqlRawAsync("CREATE TABLE schema_versions (version INTEGER NOT NULL PRIMARY KEY, applied_at BIGINT NOT NULL)");
        foreach (var (index, script) in Schema.Scripts("Sqlite").Take(version).Index())
        {
            await db.Database.ExecuteSqlRawAsync(script);
            await db.Database.ExecuteSqlAsync($"INSERT INTO schema_versions (version, applied_at) VALUES ({index + 1}, 0)");
        }
        return db;
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
