using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>What an update does to the boot partition: durable on the state partition before the first file changes there, gone when it is settled.</summary>
/// <remarks>
/// A line each. A bare path is a file that was added, which is all that the first version of the format knew; other lines begin with '/', so
/// that an older program, which would delete such a path, finds nothing there.
/// </remarks>
internal sealed record TouchedFiles
{
    private const string FromLine = "/from ", ReplacedLine = "/replaced ", SavedLine = "/saved ", DirectoryLine = "/directory ", AreaLine = "/area ", AreaFileLine = "/area-file ", UnsureLine = "/unsure ";

    /// <summary>Partition number of the root that ran when it was written; null: an older program wrote it.</summary>
    public int? FromPartition { get; init; }

    /// <summary>Paths that were not there before.</summary>
    public IReadOnlyList<string> Added { get; init; } = [];

    /// <summary>Paths whose old content is that of the old root's own set.</summary>
    public IReadOnlyList<string> Replaced { get; init; } = [];

    /// <summary>Paths whose old content is in no set: it was copied.</summary>
    public IReadOnlyList<SavedFile> Saved { get; init; } = [];

    /// <summary>Directories that were not there before, the outer ones first.</summary>
    public IReadOnlyList<string> Directories { get; init; } = [];

    /// <summary>Copies of raw areas whose old content was kept.</summary>
    public IReadOnlyList<TouchedArea> Areas { get; init; } = [];

    /// <summary>The boot in which a name could not be written: what memory shows until its end may not be on the medium. Null: none.</summary>
    public string? UnsureInBoot { get; init; }

    /// <summary>What these changes do, joined with what an interrupted installation has done.</summary>
    public static TouchedFiles By(IReadOnlyList<BootFileChange> changes, IFiles files, int fromPartition)
    {
        var before = Load(files) ?? new TouchedFiles();
        var (added, replaced, saved, directories) = (before.Added.ToList(), before.Replaced.ToList(), before.Saved.ToList(), before.Directories.ToList());
        foreach (var change in changes.Where(c => !c.Stays && !before.Knows(c.Path)))
        {
            string target = $"{Places.Boot}/{change.Path}";
            if (!files.Exists(target))
            {
                added.Add(change.Path);
                directories.AddRange(MissingDirectories(files, change.Path).Except(directories));
            }
            else if (files.AreSame(target, $"{Places.OwnBootFiles}/{change.Path}"))
                replaced.Add(change.Path);
            else
                saved.Add(new SavedFile(saved.Count, Digest.FromHash(files.Hash(target, HashAlgorithmName.SHA256)), change.Path));
        }
        return new TouchedFiles { FromPartition = fromPartition, Added = added, Replaced = replaced, Saved = saved, Directories = directories, Areas = before.Areas };
    }

    /// <summary>Whether a path is in it.</summary>
    public bool Knows(string path) =>
        Added.Concat(Replaced).Concat(Saved.Select(s => s.Path)).Contains(path, StringComparer.OrdinalIgnoreCase);

    /// <summary>Reads it; null when no update touched the boot partition.</summary>
    public static TouchedFiles? Load(IFiles files)
    {
        if (!files.Exists(Places.BootFilesTouched))
            return null;
        string[] lines = Encoding.UTF8.GetString(files.Read(Places.BootFilesTouched)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return new TouchedFiles
        {
            FromPartition = Rest(lines, FromLine).Select(l => (int?)int.Parse(l, CultureInfo.InvariantCulture)).FirstOrDefault(),
            Added = [.. lines.Where(l => l[0] != '/')],
            Replaced = [.. Rest(lines, ReplacedLine)],
            Saved = [.. Rest(lines, SavedLine).Select(SavedFile.Parse)],
            Directories = [.. Rest(lines, DirectoryLine)],
            Areas = [.. Rest(lines, AreaLine).Select(TouchedArea.Parse).Select(a => a with { OwnFile = OwnFileOf(a, lines) })],
            UnsureInBoot = Rest(lines, UnsureLine).FirstOrDefault(),
        };
    }

    /// <summary>Writes it. Durable when it returns.</summary>
    public void Save(IFiles files)
    {
        IEnumerable<string> lines =
        [
            .. FromPartition is { } from ? [string.Create(CultureInfo.InvariantCulture, $"{FromLine}{from}")] : Array.Empty<string>(),
            .. Added, .. Replaced.Select(p => ReplacedLine + p), .. Saved.Select(s => $"{SavedLine}{s}"), .. Directories.Select(d => DirectoryLine + d), .. Areas.Select(a => $"{AreaLine}{a}"),
            .. Areas.Where(a => a.OwnFile is not null).Select(a => string.Create(CultureInfo.InvariantCulture, $"{AreaFileLine}{a.Number} {a.OwnFile}")),
            .. UnsureInBoot is { } boot ? [UnsureLine + boot] : Array.Empty<string>(),
        ];
        AtomicFile.Write(files, Places.BootFilesTouched, Encoding.UTF8.GetBytes(string.Join('\n', lines)));
    }

    private static IEnumerable<string> MissingDirectories(IFiles files, string path)
    {
        string[] parts = path.Split('/');
        return Enumerable.Range(1, parts.Length - 1).Select(n => string.Join('/', parts[..n])).Where(d => !files.Exists($"{Places.Boot}/{d}"));
    }

    // A line of its own: an older program takes the area's other line for the whole of it.
    private static string? OwnFileOf(TouchedArea area, string[] lines) =>
        Rest(lines, string.Create(CultureInfo.InvariantCulture, $"{AreaFileLine}{area.Number} ")).FirstOrDefault();

    private static IEnumerable<string> Rest(string[] lines, string prefix) =>
        lines.Where(l => l.StartsWith(prefix, StringComparison.Ordinal)).Select(l => l[prefix.Length..]);
}

/// <summary>A file of the boot partition that somebody changed: its old content is kept beside until commit or undo.</summary>
/// <param name="Number">Name of the copy.</param>
/// <param name="Digest">Digest of the old content.</param>
/// <param name="Path">Path on the boot partition.</param>
internal sealed record SavedFile(int Number, Digest Digest, string Path)
{
    public static SavedFile Parse(string line)
    {
        string[] parts = line.Split(' ', 3);
        return new SavedFile(int.Parse(parts[0], CultureInfo.InvariantCulture), Digest.Parse(parts[1]), parts[2]);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number} {Digest} {Path}");
}
