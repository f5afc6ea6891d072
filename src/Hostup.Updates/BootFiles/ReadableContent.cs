using System.Security.Cryptography;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>Files and directories on FAT, where a power cut may leave a name that is neither any more: it is as if it was not there.</summary>
internal static class ReadableContent
{
    /// <summary>Digest of a file; null: it cannot be read, so it is like no other.</summary>
    public static Digest? DigestOf(this IFiles files, string file)
    {
        try
        {
            return Digest.FromHash(files.Hash(file, HashAlgorithmName.SHA256));
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Whether two files can be read and have the same content; their times say nothing.</summary>
    public static bool AreSame(this IFiles files, string first, string second) =>
        files.LengthOf(first) is { } length && files.LengthOf(second) == length && files.DigestOf(first) is { } digest && digest == files.DigestOf(second);

    /// <summary>Whether something is there that can be looked at.</summary>
    public static bool Has(this IFiles files, string path)
    {
        try
        {
            return files.Exists(path);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Bytes of a file; null: it is not there, or cannot be looked at.</summary>
    public static long? LengthOf(this IFiles files, string file)
    {
        try
        {
            return files.Length(file);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Files below a directory; empty when it is not there, or cannot be looked into.</summary>
    public static IReadOnlyList<string> Below(this IFiles files, string directory)
    {
        try
        {
            return files.ListFiles(directory);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
