using System.Globalization;

namespace Hostup.Updates.Files;

/// <summary>A file that after a power cut holds its old or its new content, never anything else.</summary>
public static class AtomicFile
{
    private const string Temporary = ".new";

    /// <summary>Writes beside it, flushes, renames, flushes the directory. Durable when it returns.</summary>
    public static void Write(IFiles files, string path, ReadOnlySpan<byte> content)
    {
        var left = path.StartsWith(Places.Boot + "/", StringComparison.Ordinal) ? Left(files, path) : [];
        string beside = left is [] ? path + Temporary : Enumerable.Range(2, left.Count + 1).Select(n => string.Create(CultureInfo.InvariantCulture, $"{path}{Temporary}{n}")).First(n => !left.Contains(n));
        files.Create(beside, content);
        files.Flush(beside);
        // What a power cut left on FAT may be a second name of the file itself, whose clusters go with it: the file gets others first, then all these names go at once.
        if (left is [] || !files.Exists(path) || !files.Exchange(beside, path))
            files.Rename(beside, path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
        if (left is [])
            return;
        files.FlushFileSystem(Places.Boot);
        files.DeleteTogether([.. left, beside]);
    }

    /// <summary>Removes it for good. Durable when it returns.</summary>
    public static void Delete(IFiles files, string path)
    {
        if (!files.Exists(path))
            return;
        files.Delete(path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    private static List<string> Left(IFiles files, string path)
    {
        string folder = Path.GetDirectoryName(path)!, begins = Path.GetFileName(path) + Temporary;
        return [.. files.ListFiles(folder).Where(n => n.StartsWith(begins, StringComparison.Ordinal)).Select(n => $"{folder}/{n}")];
    }
}
