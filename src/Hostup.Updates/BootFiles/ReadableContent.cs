using System.Security.Cryptography;
using Hostup.Updates.Files;

namespace Hostup.Updates.BootFiles;

/// <summary>Content of files on FAT, where a power cut may leave a name that is no file any more.</summary>
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
}
