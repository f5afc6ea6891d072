using System.Globalization;
using System.Text.Json;
using Hostup.Core.Releases;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Slots;

/// <summary>
/// The OS on a slot, as it was when it became final there: what the device can be taken back to. Kept on the state partition by partition number until
/// the slot is formatted; the read-back decides whether it is still there.
/// </summary>
public sealed record SlotSystem
{
    /// <summary>Version of the OS; empty: unknown.</summary>
    public required string Version { get; init; }

    /// <summary>Its tree digest: as it was signed, or as it was read when the OS after it became final.</summary>
    public required Digest Tree { get; init; }

    /// <summary>Image that it was written from; null: unknown, the device came with it.</summary>
    public Digest? Image { get; init; }

    /// <summary>How long it may take to prove itself; null: as long as any.</summary>
    public HealthSettings? Health { get; init; }

    /// <summary>Its update hooks, as its release named them.</summary>
    public IReadOnlyList<string> Hooks { get; init => field = value ?? []; } = [];

    /// <summary>What is known of the OS on a slot; null: nothing, or nothing that this program can read.</summary>
    public static SlotSystem? Load(IFiles files, int partition)
    {
        string path = PathOf(partition);
        try
        {
            return files.Exists(path) ? JsonSerializer.Deserialize(files.Read(path), StateJson.Default.SlotSystem) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Keeps it. Durable when it returns.</summary>
    public void Save(IFiles files, int partition) => AtomicFile.Write(files, PathOf(partition), JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.SlotSystem));

    /// <summary>The slot is about to be formatted. Durable when it returns.</summary>
    public static void Forget(IFiles files, int partition) => AtomicFile.Delete(files, PathOf(partition));

    private static string PathOf(int partition) => string.Create(CultureInfo.InvariantCulture, $"{Places.Hostup}/system-{partition}");
}
