using Hostup.Core;
using Hostup.Core.Errors;
using Microsoft.Data.Sqlite;

namespace Hostup.Server.Backups;

/// <summary><c>hostup-server backup DIR [--data DIR]</c> and <c>hostup-server restore DIR [--data DIR]</c>.</summary>
internal static class BackupCommand
{
    /// <summary>Copies the data directory of a server that works or not.</summary>
    public const string BackUp = "backup";

    /// <summary>Makes a data directory of such a copy.</summary>
    public const string Restore = "restore";

    // Result codes of SQLite.
    private const int Corrupt = 11, NoDatabase = 26;

    /// <returns>The exit code.</returns>
    /// <exception cref="HostupException"><c>usage</c>, or what stood in the way.</exception>
    public static async Task<int> RunAsync(string[] args, TextWriter output, CancellationToken ct)
    {
        bool backs = args[0] == BackUp;
        string what = backs ? "cannot back up" : "cannot restore";
        var (folder, data) = args switch
        {
            [_, var only] when IsFolder(only) => (only, ServerArguments.DefaultData),
            [_, var first, "--data", var place] when IsFolder(first) && place.Length > 0 => (first, place),
            [_, "--data", var place, var last] when IsFolder(last) && place.Length > 0 => (last, place),
            _ => throw new HostupException(HostupErrors.Usage, what, "the arguments are not DIR and --data DIR", "see hostup-server --help"),
        };
        (folder, data) = (Path.GetFullPath(folder), Path.GetFullPath(data));
        try
        {
            var copied = backs ? await DataCopy.BackUpAsync(data, folder, ct) : await DataCopy.RestoreAsync(folder, data, ct);
            await output.WriteLineAsync($"{(backs ? folder : data)}: database of {new ByteCount(copied.DatabaseBytes)}, {copied.Blobs} blobs of {new ByteCount(copied.BlobBytes)}");
            return 0;
        }
        catch (SqliteException e) when (e.SqliteErrorCode is Corrupt or NoDatabase)
        {
            throw new HostupException(HostupErrors.BadConfig, what, $"the database is damaged: {e.Message}", "restore another backup", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new HostupException(HostupErrors.ServerBusy, what, e.Message, "look at space and rights of both folders", e);
        }
    }

    private static bool IsFolder(string argument) => argument.Length > 0 && !argument.StartsWith('-');
}
