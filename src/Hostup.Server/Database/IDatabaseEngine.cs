using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Database;

/// <summary>What differs between database engines: how to connect and which SQL makes the schema. A port to the outside world.</summary>
internal interface IDatabaseEngine
{
    /// <summary>Folder of the numbered SQL, below Database/: <c>Sqlite</c>.</summary>
    string SchemaFolder { get; }

    /// <summary>Sets the connection up. A commit that returned is durable.</summary>
    void Configure(DbContextOptionsBuilder options);
}
