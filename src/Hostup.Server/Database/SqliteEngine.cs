using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Hostup.Server.Database;

/// <summary>SQLite in one file: readers never wait for the writer, and a commit is flushed before it returns.</summary>
internal sealed class SqliteEngine(string file) : IDatabaseEngine
{
    public string SchemaFolder => "Sqlite";

    public void Configure(DbContextOptionsBuilder options) =>
        options.UseSqlite($"Data Source={file}").AddInterceptors(new Pragmas());

    private sealed class Pragmas : DbConnectionInterceptor
    {
        // FULL: with WAL, NORMAL may lose the last commits at a power cut, and a device was told they are durable
        private const string Text = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=10000;";

        public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData)
        {
            using var command = connection.CreateCommand();
            command.CommandText = Text;
            command.ExecuteNonQuery();
        }

        public override async Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
        {
            await using var command = connection.CreateCommand();
            command.CommandText = Text;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
