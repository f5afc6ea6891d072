using System.Text.Json;
using System.Text.Json.Serialization;
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

    /// <summary>Names of the required checks that failed on the new OS: the old one runs them too before anything is held against the release. Null: not said.</summary>
    public IReadOnlyList<string>? Failed { get; init; }

    /// <summary>What could not be put back at once on the old OS; null: all was.</summary>
    public string? Left { get; init; }

    /// <summary>What is lost for good: no later boot puts it back. Null: nothing is.</summary>
    public string? Lost { get; init; }

    /// <summary>Whether the old OS is to look at what failed.</summary>
    [JsonIgnore]
    public bool IsToBeJudged => Kind == Health && Failed is { Count: > 0 } && Inconclusive is null;

    /// <summary>Whether the old OS fails the same.</summary>
    [JsonIgnore]
    public bool IsTheOldOnesToo => Kind == Health && Inconclusive == true;

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
