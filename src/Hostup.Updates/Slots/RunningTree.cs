using System.Text;
using Hostup.Updates.Files;
using Hostup.Updates.Run;

namespace Hostup.Updates.Slots;

/// <summary>
/// The tree that runs, from which a delta may lead to the next one. Noted when it was written here, or read once; a hint only: who uses its files
/// compares what comes of them.
/// </summary>
public static class RunningTree
{
    /// <summary>Its digest without reading it; null: nobody noted it.</summary>
    public static Digest? Known(DevicePorts device) => device.Slots.RunningFileSystem() is { } uuid
        ? Noted(device.Files, Places.RunningTree, uuid) ?? Noted(device.Files, Places.SpareContent, uuid)
        : null;

    /// <summary>Its digest, read when nobody noted it, and noted before the note on the spare slot that it was once is gone.</summary>
    /// <param name="device">The device.</param>
    /// <param name="progress">Told bytes read so far.</param>
    /// <param name="ct">Honoured between files.</param>
    /// <returns>Null when it has no file system by whose id it could be told from another.</returns>
    /// <exception cref="Core.Errors.HostupException"><c>slot-mismatch</c> when something cannot be read.</exception>
    public static async ValueTask<Digest?> FindAsync(DevicePorts device, Action<long> progress, CancellationToken ct)
    {
        if (device.Slots.RunningFileSystem() is not { } uuid)
            return null;
        if (Noted(device.Files, Places.RunningTree, uuid) is { } noted)
            return noted;
        var found = Known(device) ?? await device.Slots.ReadRunningTreeAsync(progress, ct).ConfigureAwait(false);
        Note(device.Files, uuid, found);
        return found;
    }

    private static Digest? Noted(IFiles files, string path, Guid fileSystem) =>
        files.Exists(path) && Encoding.ASCII.GetString(files.Read(path)).Split(' ') is [var uuid, var digest] && uuid == fileSystem.ToString() && Digest.TryParse(digest, out var tree) ? tree : null;

    // It is read again where it cannot be kept.
    private static void Note(IFiles files, Guid fileSystem, Digest tree)
    {
        try
        {
            AtomicFile.Write(files, Places.RunningTree, Encoding.ASCII.GetBytes($"{fileSystem} {tree}"));
        }
        catch (IOException)
        {
            // The state partition takes no write; what needs one says so.
        }
    }
}
