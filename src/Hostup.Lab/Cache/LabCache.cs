namespace Hostup.Lab.Cache;

/// <summary>
/// Folders that are expensive to make, each under the kind of thing and the hash of its inputs. A folder is made under another
/// name and renamed when it is whole, so an interrupted run is simply repeated; two processes that need the same wait for one another.
/// </summary>
/// <param name="root">Folder of the cache.</param>
/// <param name="progress">Receives a line when something is made.</param>
public sealed class LabCache(string root, Action<string> progress)
{
    /// <summary>How many of a kind are kept: a device tried in a few variants, on the old and the new release.</summary>
    private const int Kept = 6;

    /// <summary>Nothing that another process may be about to open is removed.</summary>
    private static readonly TimeSpan KeptAnyway = TimeSpan.FromHours(2);

    /// <summary>Folder of the cache: $HOSTUP_CACHE, else hostup in the user's cache folder.</summary>
    public static string DefaultRoot
    {
        get
        {
            string? given = Environment.GetEnvironmentVariable("HOSTUP_CACHE");
            if (!string.IsNullOrEmpty(given))
                return Path.GetFullPath(given);
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            return Path.Combine(string.IsNullOrEmpty(cache) ? Path.Combine(home, ".cache") : cache, "hostup");
        }
    }

    /// <summary>Folder of the cache.</summary>
    public string Root { get; } = root;

    /// <summary>Returns the folder of that kind and key, made by <paramref name="make"/> when it is not there yet.</summary>
    /// <param name="kind">What it is, for example <c>base-tree</c>.</param>
    /// <param name="key">Hash of everything it is made from.</param>
    /// <param name="make">Fills the folder it is given; the folder exists and is empty.</param>
    /// <param name="ct">Ends the making.</param>
    public async Task<string> GetAsync(string kind, string key, Func<string, Task> make, CancellationToken ct)
    {
        string folder = Path.Combine(Root, kind, key);
        if (Directory.Exists(folder))
            return Used(folder);
        Directory.CreateDirectory(Path.Combine(Root, kind));
        await using var claim = await FileClaim.TakeAsync(folder + ".lock", ct);
        if (Directory.Exists(folder))
            return Used(folder);
        RemoveHalfMade(folder);
        string making = $"{folder}.{Environment.ProcessId}.making";
        Directory.CreateDirectory(making);
        progress($"{kind} {key}: making it");
        long start = TimeProvider.System.GetTimestamp();
        await make(making);
        Directory.Move(making, folder);
        progress($"{kind} {key}: made in {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s");
        RemoveUnused(Path.Combine(Root, kind));
        return Used(folder);
    }

    /// <summary>
    /// Removes what interrupted runs left. A program that such a run started may still be writing there: then it stays for the next time.
    /// </summary>
    private static void RemoveHalfMade(string folder)
    {
        foreach (string half in Directory.EnumerateDirectories(Path.GetDirectoryName(folder)!, Path.GetFileName(folder) + ".*making").ToList())
        {
            try
            {
                Directory.Delete(half, recursive: true);
            }
            catch (IOException)
            {
                // in use
            }
        }
    }

    private static string Used(string folder)
    {
        Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime);
        return folder;
    }

    private void RemoveUnused(string kindFolder)
    {
        var limit = TimeProvider.System.GetUtcNow().UtcDateTime - KeptAnyway;
        var old = Directory.EnumerateDirectories(kindFolder).OrderByDescending(Directory.GetLastWriteTimeUtc).Skip(Kept)
            .Where(f => Directory.GetLastWriteTimeUtc(f) < limit && !f.EndsWith(".making", StringComparison.Ordinal));
        foreach (string folder in old.ToList())
        {
            progress($"{Path.GetRelativePath(Root, folder)}: not used for a while, removed");
            Directory.Delete(folder, recursive: true);
        }
    }
}
