using System.Globalization;
using System.Security.Cryptography;
using Hostup.Core.Errors;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>Boot files that wait beside those in use, and the exchange of their names with these.</summary>
/// <remarks>
/// FAT has no journal. A name is an entry that says where its file lies, and an exchange changes two of them: a power cut in between leaves one as it was, and both names
/// show one file. Who then removed the staged name would give the other's clusters back too. So a file in use that may have a second name here gets a content of its own
/// first, and then all staged names go in one act.
/// </remarks>
internal sealed class StagedBootFiles(IFiles files)
{
    /// <summary>Where they lie.</summary>
    public const string Folder = Places.Boot + "/hostup-new";

    private int _first;

    /// <summary>Absolute paths of what is staged, or left from changes of names.</summary>
    public IReadOnlyList<string> Names => [.. files.Below(Folder).Select(n => $"{Folder}/{n}")];

    /// <summary>Paths of boot files in use that one of the staged names may show as well: they have the same content.</summary>
    /// <param name="added">Paths that an update has added, in the running slot's directory too.</param>
    public IReadOnlyList<string> Shared(IReadOnlyList<string> added)
    {
        var staged = Names.Select(ContentOf).OfType<(long, Digest)>().ToHashSet();
        return staged is { Count: 0 } ? [] : [.. files.ListFiles(Places.Boot).Where(p => (IsBootFile(p) || added.Contains(p, StringComparer.OrdinalIgnoreCase)) && ContentOf($"{Places.Boot}/{p}") is { } content && staged.Contains(content))];
    }

    /// <summary>Those names that surely share nothing with these files in use.</summary>
    public IReadOnlyList<string> OthersThan(IReadOnlyList<string> shared)
    {
        var kept = shared.Select(p => ContentOf($"{Places.Boot}/{p}")).ToHashSet();
        return [.. Names.Where(n => ContentOf(n) is not { } content || !kept.Contains(content))];
    }

    /// <summary>Stages every content beside what lies there, flushes, reads back.</summary>
    /// <exception cref="HostupException"><c>boot-files</c>.</exception>
    public void Stage(IReadOnlyList<BootFileChange> changes)
    {
        if (changes is [])
            return;
        _first = files.Below(Folder).Select(n => int.TryParse(n, CultureInfo.InvariantCulture, out int number) ? number + 1 : 0).DefaultIfEmpty().Max();
        files.CreateDirectory(Folder);
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
        {
            if (change.Wanted!.Bytes is { } bytes)
                files.Create(Name(index), bytes);
            else
                files.Copy(change.Wanted.File!, Name(index));
            files.Flush(Name(index));
        }
        files.FlushFileSystem(Places.Boot);
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
            CheckWritten(files, Name(index), change.Wanted!.Digest, change.Path);
    }

    /// <summary>Puts what <see cref="Stage"/> staged into use, name by name; the old files are under the staged names then.</summary>
    public void Exchange(IReadOnlyList<BootFileChange> changes)
    {
        foreach (var (change, index) in changes.Select((c, i) => (c, i)))
        {
            string target = $"{Places.Boot}/{change.Path}";
            files.CreateDirectory(Path.GetDirectoryName(target)!);
            if (!files.Exists(target) || !files.Exchange(Name(index), target))
                files.Rename(Name(index), target);
            // Each name is settled before the next one moves. Of an entry that cannot be written only the file's own flush is sure to tell.
            files.Flush(target);
            files.FlushFileSystem(Places.Boot);
        }
    }

    /// <summary>Requires that a file was written as it should be.</summary>
    /// <exception cref="HostupException"><c>boot-files</c>.</exception>
    public static void CheckWritten(IFiles files, string file, Digest digest, string path)
    {
        if (Digest.FromHash(files.Hash(file, HashAlgorithmName.SHA256)) != digest)
            throw new HostupException(HostupErrors.BootFiles, $"cannot stage boot file {path}", "it does not read back as written", "check the boot partition with fsck.vfat");
    }

    private string Name(int index) => string.Create(CultureInfo.InvariantCulture, $"{Folder}/{_first + index}");

    private (long Length, Digest Content)? ContentOf(string file) => files.DigestOf(file) is { } digest ? (files.LengthOf(file) ?? 0, digest) : null;

    // The boot loader's variables are never renamed, and the directories of slots have files of their own.
    private static bool IsBootFile(string path) =>
        !path.StartsWith("hostup-", StringComparison.Ordinal) && !path.StartsWith("slot-", StringComparison.Ordinal) && !KeptBack.IsVariable(path);
}
