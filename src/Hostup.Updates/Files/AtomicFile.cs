namespace Hostup.Updates.Files;

/// <summary>A file that after a power cut holds its old or its new content, never anything else.</summary>
public static class AtomicFile
{
    private const string Temporary = ".new";

    /// <summary>Writes beside it, flushes, renames, flushes the directory. Durable when it returns.</summary>
    public static void Write(IFiles files, string path, ReadOnlySpan<byte> content)
    {
        string beside = path + Temporary;
        // What a power cut left there on FAT may be a second name of the file itself: who wrote into it would take the file's clusters away.
        for (int other = 2; path.StartsWith(Places.Boot + "/", StringComparison.Ordinal) && files.Exists(beside); other++)
            beside = $"{path}{Temporary}{other}";
        files.Create(beside, content);
        files.Flush(beside);
        files.Rename(beside, path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Removes it for good. Durable when it returns.</summary>
    public static void Delete(IFiles files, string path)
    {
        if (!files.Exists(path))
            return;
        files.Delete(path);
        files.FlushDirectory(Path.GetDirectoryName(path)!);
    }
}
