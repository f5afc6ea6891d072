using System.Runtime.InteropServices;
using Hostup.Oci.Layouts;

namespace Hostup.Server.Backups;

/// <summary>Another name for a blob's file, or a copy where there can be none. Contents of blobs are never changed, so one file may serve both.</summary>
internal static partial class BlobLink
{
    /// <summary>Makes it; the content is durable when it returns, its name when its folder is flushed.</summary>
    /// <returns>False: the file is gone.</returns>
    /// <exception cref="IOException">It can be neither linked nor copied.</exception>
    public static bool Make(string from, string to)
    {
        if (!OperatingSystem.IsWindows() && Link(from, to) == 0)
            return true;
        try
        {
            using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var copy = new FileStream(to, FileMode.Create, FileAccess.Write);
            source.CopyTo(copy);
            FileFlush.ToDisk(copy);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);
}
