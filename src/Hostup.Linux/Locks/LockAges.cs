using System.Globalization;

namespace Hostup.Linux.Locks;

/// <summary>
/// Since when locks are held, as far as processes of the update saw it: the kernel does not tell. Kept in a file for the next process; it lies in memory, and
/// ends with the boot as locks do.
/// </summary>
/// <param name="file">Where it is kept.</param>
/// <param name="time">The clock; its timestamps run on from process to process.</param>
internal sealed class LockAges(string file, TimeProvider time)
{
    // A process that goes on may read a whole slot before it comes back to the locks. Who held one before and holds it then has held it all the time.
    private static readonly TimeSpan Unwatched = TimeSpan.FromMinutes(30);

    private List<Sight>? _seen;

    /// <summary>These locks are held now, and no others.</summary>
    /// <param name="held">Path and the process that took it; empty: not known.</param>
    /// <returns>How long, in the same order.</returns>
    public IReadOnlyList<TimeSpan> See(IReadOnlyList<(string Path, string Pid)> held)
    {
        var now = time.GetElapsedTime(0);
        var before = (_seen ?? Load()).Where(s => now >= s.Seen && now - s.Seen <= Unwatched).ToList();
        if (held is [] && before is [])
            return [];
        _seen = [.. held.Select(h => new Sight(before.Find(s => s.Path == h.Path && s.Pid == h.Pid)?.Since ?? now, now, h.Pid, h.Path))];
        Save(_seen);
        return [.. _seen.Select(s => now - s.Since)];
    }

    private List<Sight> Load()
    {
        try
        {
            return !File.Exists(file) ? [] : [.. File.ReadLines(file).Select(Sight.Parse).OfType<Sight>()];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return []; // younger than it is: that holds nothing up
        }
    }

    private void Save(List<Sight> seen)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllLines(file + ".new", seen.Select(s => s.Line));
            File.Move(file + ".new", file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // This process knows it; only the next one would not.
        }
    }

    private sealed record Sight(TimeSpan Since, TimeSpan Seen, string Pid, string Path)
    {
        public string Line => string.Create(CultureInfo.InvariantCulture, $"{Since.Ticks} {Seen.Ticks} {(Pid.Length > 0 ? Pid : "-")} {Path}");

        public static Sight? Parse(string line) =>
            line.Split(' ', 4) is [var since, var seen, var pid, var path] && long.TryParse(since, CultureInfo.InvariantCulture, out long from) && long.TryParse(seen, CultureInfo.InvariantCulture, out long at)
                ? new Sight(new TimeSpan(from), new TimeSpan(at), pid == "-" ? "" : pid, path)
                : null;
    }
}
