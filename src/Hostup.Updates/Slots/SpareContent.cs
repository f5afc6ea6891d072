using System.Text;
using Hostup.Updates.Files;

namespace Hostup.Updates.Slots;

/// <summary>
/// What was last written to the spare slot, kept on the state partition: worth reading back instead of fetching again. A hint only: the
/// read-back decides.
/// </summary>
public static class SpareContent
{
    /// <summary>Whether the spare's file system is the one that this tree was written to, whole.</summary>
    public static bool MayBe(IFiles files, Guid? fileSystem, Digest tree) =>
        fileSystem is { } uuid && files.Exists(Places.SpareContent) && Encoding.ASCII.GetString(files.Read(Places.SpareContent)) == Line(uuid, tree);

    /// <summary>The tree is written whole and flushed. Durable when it returns.</summary>
    public static void Remember(IFiles files, Guid fileSystem, Digest tree) =>
        AtomicFile.Write(files, Places.SpareContent, Encoding.ASCII.GetBytes(Line(fileSystem, tree)));

    /// <summary>The spare is about to be formatted. Durable when it returns.</summary>
    public static void Forget(IFiles files) => AtomicFile.Delete(files, Places.SpareContent);

    private static string Line(Guid fileSystem, Digest tree) => $"{fileSystem} {tree}";
}
