using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.Supervisor;

/// <summary>
/// The database as the supervisor of one slot left it, copied to the state partition before another supervisor first starts: a newer one changes its
/// shape, and an older one cannot read that. The copy stays until the next one is made, and in any case until it was put back when it is to be.
/// </summary>
/// <param name="files">The device's files.</param>
/// <param name="partition">Partition number of the slot.</param>
public sealed class SupervisorDatabase(IFiles files, int partition)
{
    private string Folder => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/supervisor-database-{partition}");

    private string Index => Folder + "/index";

    // the journal of an attempt that is still to be written, and its end
    private const long ReserveBytes = 512 << 10;

    // upstream's places, newest first; each with SQLite's companions of an unclean end
    private static readonly string[] Folders =
        [Places.Data + "/resin-data/balena-supervisor", Places.Data + "/resin-data/resin-supervisor", Places.Data + "/resin-supervisor"];
    private static readonly string[] Names = ["database.sqlite", "database.sqlite-wal", "database.sqlite-journal"];

    /// <summary>Whether there is a copy.</summary>
    public bool IsKept => files.Exists(Index);

    /// <summary>
    /// The one that could not be put back when its supervisor got the device back: it is still to be, also over what that supervisor, which cannot read the other one's, made of it
    /// meanwhile. As long as it is, no other supervisor is put into place. Null: none is.
    /// </summary>
    public static SupervisorDatabase? Due(IFiles files) => PartitionDue(files) is { } due ? new(files, due) : null;

    /// <summary>Copies it; the supervisor must be stopped. What is still to be put back is put back before. Durable when it returns.</summary>
    /// <exception cref="HostupException"><c>supervisor</c>: no room for it, or the copy that was to be put back is damaged.</exception>
    public void Keep()
    {
        Due(files)?.Restore();
        Forget();
        string[] found = [.. Folders.SelectMany(p => Names.Select(n => $"{p}/{n}")).Where(files.Exists)];
        long bytes = found.Sum(f => files.Length(f) ?? 0);
        if (files.FreeBytes(Places.State) < bytes + ReserveBytes)
            throw new HostupException(HostupErrors.Supervisor, "cannot copy the supervisor's database", $"{new ByteCount(bytes)} needed on {Places.State}, {new ByteCount(files.FreeBytes(Places.State))} free", "the supervisor stays as it is");
        files.CreateDirectory(Folder);
        var index = new StringBuilder();
        foreach (var (path, number) in found.Select((p, i) => (p, i)))
        {
            files.Copy(path, Copy(number));
            files.Flush(Copy(number));
            index.Append(CultureInfo.InvariantCulture, $"{Hash(Copy(number))} {path}\n");
        }
        files.FlushDirectory(Folder);
        AtomicFile.Write(files, Index, Encoding.UTF8.GetBytes(index.ToString()));
        files.FlushFileSystem(Places.State);
    }

    /// <summary>The same, where it does without a copy that cannot be made.</summary>
    /// <returns>Why it cannot; null: it is there.</returns>
    public string? TryKeep()
    {
        try
        {
            Keep();
            return null;
        }
        catch (HostupException e)
        {
            return e.Message;
        }
        catch (IOException e)
        {
            return $"cannot copy the supervisor's database: {e.Message}";
        }
    }

    /// <summary>It cannot be put back now, so it is to be later, and no other one. Durable when it returns; idempotent.</summary>
    public void RestoreLater()
    {
        if (!IsDue)
            AtomicFile.Write(files, Places.DatabaseDue, Encoding.ASCII.GetBytes(partition.ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>
    /// Puts it back as it was; nothing happens without a whole copy, which is looked at before anything is removed. The supervisor must be stopped. Nothing is due after it.
    /// Durable when it returns; idempotent.
    /// </summary>
    /// <exception cref="HostupException"><c>supervisor</c>: a part of the copy is damaged, and nothing was touched.</exception>
    public void Restore()
    {
        if (!files.Exists(Index))
        {
            AtomicFile.Delete(files, Places.DatabaseDue);
            return;
        }
        var kept = Encoding.UTF8.GetString(files.Read(Index)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(' ', 2)).ToList();
        if (kept.Select((k, n) => (Kept: k, Copy: Copy(n))).FirstOrDefault(c => !files.Exists(c.Copy) || Hash(c.Copy) != c.Kept[0]) is { Kept: { } damaged })
        {
            // It does not heal.
            AtomicFile.Delete(files, Places.DatabaseDue);
            throw new HostupException(HostupErrors.Supervisor, "cannot bring back the supervisor's database", $"the copy of {damaged[1]} is not whole", "the supervisor goes on with what is there; when it cannot, remove its database");
        }
        foreach (string place in kept.Select(k => Path.GetDirectoryName(k[1])!).Distinct())
        {
            foreach (string path in Names.Select(n => $"{place}/{n}").Where(p => files.Exists(p) && !kept.Any(k => k[1] == p)))
                files.Delete(path);
        }
        foreach (var (entry, number) in kept.Select((k, i) => (k, i)))
        {
            if (files.Exists(entry[1]) && Hash(entry[1]) == entry[0])
                continue;
            // A full data partition has no room beside it; the copy on the state partition outlives a cut.
            files.Delete(entry[1]);
            files.Copy(Copy(number), entry[1]);
            files.Flush(entry[1]);
        }
        files.FlushFileSystem(Places.Data);
        AtomicFile.Delete(files, Places.DatabaseDue);
    }

    /// <summary>Removes the copy, unless it is still to be put back. Durable when it returns.</summary>
    public void Forget()
    {
        if (IsDue || !files.Exists(Index))
            return;
        AtomicFile.Delete(files, Index);
        foreach (string copy in files.ListFiles(Folder))
            files.Delete($"{Folder}/{copy}");
        files.FlushFileSystem(Places.State);
    }

    private bool IsDue => PartitionDue(files) == partition;

    // A note that names no slot says nothing.
    private static int? PartitionDue(IFiles files) =>
        files.Exists(Places.DatabaseDue) && int.TryParse(Encoding.ASCII.GetString(files.Read(Places.DatabaseDue)), NumberStyles.None, CultureInfo.InvariantCulture, out int due) ? due : null;

    private string Copy(int number) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/{number}");

    private string Hash(string path) => Convert.ToHexStringLower(files.Hash(path, HashAlgorithmName.SHA256));
}
