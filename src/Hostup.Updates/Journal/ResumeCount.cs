using System.Text.Json;
using Hostup.Updates.Files;

namespace Hostup.Updates.Journal;

/// <summary>
/// How often the processes of an attempt have gone on without getting further: bytes 3072 to 4095 of the journal's file, overwritten in place, so
/// that a device whose power goes a thousand times fills nothing. docs/update-run.md.
/// </summary>
/// <param name="files">Files.</param>
/// <param name="attempt">The attempt.</param>
public sealed class ResumeCount(IFiles files, string attempt)
{
    private readonly TwoSlots _slots = new(files, Places.Journal, AttemptJournal.FileBytes, offset: 3072, slotBytes: 512);

    /// <summary>Resumes since the attempt stood anywhere else.</summary>
    /// <param name="mark">Where it stands.</param>
    public int At(string mark) => Load() is { } kept && kept.Attempt == attempt && kept.Mark == mark ? kept.Resumed : 0;

    /// <summary>One more. Durable when it returns.</summary>
    public void Add(string mark) => Save(new KeptResumes(attempt, mark, At(mark) + 1));

    /// <summary>It waits for something that takes its time, as it should: what was counted tells nothing. Durable when it returns.</summary>
    public void Forgive()
    {
        if (Load() is { Resumed: > 0 } kept && kept.Attempt == attempt)
            Save(kept with { Resumed = 0 });
    }

    private KeptResumes? Load()
    {
        try
        {
            return _slots.Read() is { } json ? JsonSerializer.Deserialize(json, StateJson.Default.KeptResumes) : null;
        }
        catch (JsonException)
        {
            return null; // of a program that writes more than we know
        }
    }

    private void Save(KeptResumes resumes) => _slots.Write(JsonSerializer.SerializeToUtf8Bytes(resumes, StateJson.Default.KeptResumes));
}

/// <summary>The count as it lies on the state partition.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Mark">Where it stood.</param>
/// <param name="Resumed">How often it was taken up there.</param>
internal sealed record KeptResumes(string Attempt, string Mark, int Resumed);
