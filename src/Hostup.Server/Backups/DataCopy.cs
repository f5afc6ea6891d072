using Hostup.Core.Errors;
using Hostup.Oci.Layouts;
using Hostup.Server.Blobs;
using Hostup.Server.Database;
using Hostup.Server.Garbage;
using Hostup.Server.Updaters;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Hostup.Server.Backups;

/// <summary>Copies database and blobs of a data directory, while a server works on it or not. A copy is whole when its database has its name: that is given last.</summary>
internal static class DataCopy
{
    /// <summary>Name of the database.</summary>
    public const string DatabaseName = "hostup.db";

    private const string PartName = DatabaseName + ".part";

    /// <summary>What a snapshot refers to may be replaced and collected before its blobs are copied; that this happens again and again is a mistake of ours.</summary>
    private const int MaxTries = 3;

    /// <summary>Copies a data directory into an empty folder: the database first, as it is at one moment, then every blob.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when a directory is not what it should be, <c>not-found</c> when a document was missing before.</exception>
    public static async Task<CopiedBytes> BackUpAsync(string data, string folder, CancellationToken ct)
    {
        RequireDatabase(data, "cannot back up");
        MakeEmpty(folder, "cannot back up");
        string part = Path.Combine(folder, PartName);
        for (int tries = 1; ; tries++)
        {
            Snapshot(Path.Combine(data, DatabaseName), part);
            var marked = await MarkedAsync(part, data, upgrades: false, ct);
            var there = marked.Used.Where(d => File.Exists(BlobStore.PathIn(data, d))).ToList();
            var (blobs, bytes) = CopyBlobs(data, folder, ct);
            if (there.TrueForAll(d => File.Exists(BlobStore.PathIn(folder, d))))
                return Finish(folder, marked, new CopiedBytes(blobs, bytes, new FileInfo(part).Length));
            if (tries == MaxTries)
                throw new HostupException(HostupErrors.Conflict, "cannot back up", "blobs that the database names went away while they were copied, three times", "back up again");
        }
    }

    /// <summary>Makes a data directory of a backup, for a server to start on. A database of an older server is brought up to date.</summary>
    /// <exception cref="HostupException"><c>bad-config</c> when a directory is not what it should be or the database is damaged, <c>not-found</c> when a document is missing.</exception>
    public static async Task<CopiedBytes> RestoreAsync(string folder, string data, CancellationToken ct)
    {
        RequireDatabase(folder, "cannot restore");
        MakeEmpty(data, "cannot restore");
        string part = Path.Combine(data, PartName);
        Snapshot(Path.Combine(folder, DatabaseName), part);
        RequireSound(part);
        var (blobs, bytes) = CopyBlobs(folder, data, ct);
        return Finish(data, await MarkedAsync(part, data, upgrades: true, ct), new CopiedBytes(blobs, bytes, new FileInfo(part).Length));
    }

    private static void RequireDatabase(string folder, string what)
    {
        if (!File.Exists(Path.Combine(folder, DatabaseName)))
            throw new HostupException(HostupErrors.BadConfig, what, $"there is no {DatabaseName} in {folder}", "name the folder that has it");
    }

    private static void MakeEmpty(string folder, string what)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
            throw new HostupException(HostupErrors.BadConfig, what, $"{folder} is not empty", "name a folder that is empty or that there is not");
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(folder);
        else
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    /// <summary>One moment of a database, whoever writes to it meanwhile.</summary>
    private static void Snapshot(string from, string to)
    {
        // hashes of keys and the key of the registry's tokens are in it
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        new FileStream(to, options).Dispose();
        using var source = Open(from, SqliteOpenMode.ReadWrite);
        using var copy = Open(to, SqliteOpenMode.ReadWrite);
        source.BackupDatabase(copy);
    }

    private static void RequireSound(string database)
    {
        using var connection = Open(database, SqliteOpenMode.ReadWrite);
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA quick_check";
        var found = command.ExecuteScalar() as string;
        if (found != "ok")
            throw new HostupException(HostupErrors.BadConfig, "cannot restore", $"the database is damaged: {found}", "restore another backup");
    }

    private static SqliteConnection Open(string database, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(Text(database, mode));
        connection.Open();
        return connection;
    }

    private static string Text(string database, SqliteOpenMode mode) =>
        new SqliteConnectionStringBuilder { DataSource = database, Mode = mode, Pooling = false }.ToString();

    /// <summary>What the database names, by the documents that lie in a folder.</summary>
    private static async Task<MarkedBlobs> MarkedAsync(string database, string folder, bool upgrades, CancellationToken ct)
    {
        var options = new DbContextOptionsBuilder<HostupDb>().UseSqlite(Text(database, SqliteOpenMode.ReadWrite)).Options;
        await using var db = new HostupDb(options);
        var engine = new SqliteEngine(database);
        if (upgrades)
            await Schema.UpgradeAsync(db, engine, TimeProvider.System, ct);
        else
            await Schema.RequireCurrentAsync(db, engine, ct);
        return await new BlobReferences(db, new BlobStore(folder), new UpdaterPacks(new ServerOptions { DataDirectory = folder })).MarkAsync(ct);
    }

    private static (int Count, long Bytes) CopyBlobs(string from, string to, CancellationToken ct)
    {
        int count = 0;
        long bytes = 0;
        var folders = new HashSet<string>();
        foreach (var blob in BlobStore.AllIn(from))
        {
            ct.ThrowIfCancellationRequested();
            string target = BlobStore.PathIn(to, blob.Digest);
            if (folders.Add(Path.GetDirectoryName(target)!))
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            // one that went away meanwhile was garbage, or the caller finds out
            if (!File.Exists(target) && !BlobLink.Make(BlobStore.PathIn(from, blob.Digest), target))
                continue;
            (count, bytes) = (count + 1, bytes + blob.Bytes);
        }
        foreach (string folder in folders)
            FileFlush.Directory(folder);
        if (folders.Count > 0)
            FileFlush.Directory(Path.GetDirectoryName(folders.First())!);
        return (count, bytes);
    }

    /// <summary>The copy is whole from here on.</summary>
    private static CopiedBytes Finish(string folder, MarkedBlobs marked, CopiedBytes copied)
    {
        string part = Path.Combine(folder, PartName);
        using (var file = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            FileFlush.ToDisk(file);
        File.Move(part, Path.Combine(folder, DatabaseName));
        FileFlush.Directory(folder);
        return marked.Unreadable is []
            ? copied
            : throw new HostupException(HostupErrors.NotFound, $"cannot copy all of it to {folder}", $"{marked.Unreadable.Count} documents that the database names are missing or damaged where it was copied from, {marked.Unreadable[0]} first; the rest was copied", "publish again what the server's log names");
    }
}
