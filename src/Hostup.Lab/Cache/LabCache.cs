namespace Hostup.Lab.Cache;

/// <summary>
/// Folders that are expensive to make, each under the kind of thing and the hash of its inputs. A folder is made under another
/// name and renamed when it is whole, so an interrupted run is simply repeated; two processes that need the same wait for one another.
/// </summary>
/// <param name="root">Folder of the cache.</param>
/// <param name="progress">Receives a line when something is made.</param>
public sealed class LabCache(string root, Action<string> progress)
{
    private static readonly TimeSpan KeepUnused = TimeSpan.FromDays(3);

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
        string making = folder + ".making";
        if (Directory.Exists(making))
            Directory.Delete(making, recursive: true);
        Directory.CreateDirectory(making);
        progress($"{kind} {key}: making it");
        long start = TimeProvider.System.GetTimestamp();
        await make(making);
        Directory.Move(making, folder);
        progress($"{kind} {key}: made in {TimeProvider.System.GetElapsedTime(start).TotalSeconds:0.0} s");
        RemoveUnused(Path.Combine(Root, kind));
        return Used(folder);
    }

    private static string Used(string folder)
    {
        Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime);
        return folder;
    }

    private void RemoveUnused(string kindFolder)
    {
        var limit = TimeProvider.System.GetUtcNow().UtcDateTime - KeepUnused;
        foreach (string folder in Directory.EnumerateDirectories(kindFolder).Where(f => Directory.GetLastWriteTimeUtc(f) < limit))
        {
            progress($"{Path.GetRelativePath(Root, folder)}: not used for {KeepUnused.TotalDays:0} days, removed");
            Directory.Delete(folder, recursive: true);
        }
    }
}
