using System.Globalization;
using System.Text;
using Hostup.Core.Releases;
using Hostup.Updates.Files;

namespace Hostup.Updates.Supervisor;

/// <summary>The supervisor that the OS of one slot waits for: its release named it, and it could not be fetched or put into place yet. On the state partition, a note for each slot.</summary>
/// <param name="Version">Its version.</param>
/// <param name="Image">Its image.</param>
internal sealed record WantedSupervisor(string Version, EngineImageName Image)
{
    /// <summary>Reads the note; null: the OS waits for none. A damaged note says nothing.</summary>
    public static WantedSupervisor? Load(IFiles files, int partition) =>
        PathOf(partition) is var path && files.Exists(path) && Encoding.UTF8.GetString(files.Read(path)).Split(' ', 2) is [var version, var name] && EngineImageName.TryParse(name, out var image)
            ? new WantedSupervisor(version, image)
            : null;

    /// <summary>Writes it, or removes it. Durable when it returns.</summary>
    public static void Keep(IFiles files, int partition, WantedSupervisor? wanted)
    {
        if (wanted is var (version, image))
            AtomicFile.Write(files, PathOf(partition), Encoding.UTF8.GetBytes($"{version} {image}"));
        else
            AtomicFile.Delete(files, PathOf(partition));
    }

    private static string PathOf(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/supervisor-wanted-{partition}");
}
