using System.Text.Json;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Rollback;

/// <summary>Why the device goes back, kept before the decision is made.</summary>
/// <param name="Kind">altboot or health.</param>
/// <param name="Text">Sentence for people: which check failed how often, or how many boots were seen.</param>
/// <param name="FromPartition">Partition of the OS that was on trial.</param>
public sealed record RollbackCause(string Kind, string Text, int FromPartition)
{
    /// <summary>Whether it says nothing of the release, which may be tried once more; absent: it does. Older programs do not know it.</summary>
    public bool? Inconclusive { get; init; }

    /// <summary>The boot loader came back.</summary>
    public const string Altboot = "altboot";

    /// <summary>A required health check failed.</summary>
    public const string Health = "health";

    /// <summary>Keeps it. Durable when it returns.</summary>
    public void Save(IFiles files) =>
        AtomicFile.Write(files, Places.RollbackCause, JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.RollbackCause));

    /// <summary>Reads it; null when the device never went back since the last trial was armed.</summary>
    public static RollbackCause? Load(IFiles files)
    {
        if (!files.Exists(Places.RollbackCause))
            return null;
        try
        {
            return JsonSerializer.Deserialize(files.Read(Places.RollbackCause), StateJson.Default.RollbackCause);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
