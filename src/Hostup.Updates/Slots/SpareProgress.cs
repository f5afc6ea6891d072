using System.Text.Json;
using Hostup.Core.RootTrees;
using Hostup.Updates.Files;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Slots;

/// <summary>How much of an image is durable on the spare slot: the place at which any source of that image can go on.</summary>
public sealed record SpareProgress
{
    /// <summary>File system it is on; any other one is formatted.</summary>
    public required Guid FileSystem { get; init; }

    /// <summary>The image.</summary>
    public required Digest Image { get; init; }

    /// <summary>The entry that comes next.</summary>
    public required TreePlace Place { get; init; }

    /// <summary>Bytes of that entry's content that are durable, holes included; zero: it is not begun.</summary>
    public long FileBytes { get; init; }

    /// <summary>What the writer needs to go on, as it gave it with its flush.</summary>
    public long WriterState { get; init; }

    /// <summary>The attempt that wrote it; another one for the same image goes on with it too.</summary>
    public required string Attempt { get; init; }

    /// <summary>What is known of the spare; null: nothing, it is written from the beginning.</summary>
    public static SpareProgress? Load(IFiles files)
    {
        try
        {
            return new ProgressSlots(files).Read() is { } json ? JsonSerializer.Deserialize(json, StateJson.Default.SpareProgress) : null;
        }
        catch (JsonException)
        {
            return null; // of a program that writes more than we know
        }
    }

    /// <summary>Everything before the place is durable on the spare. Durable when it returns.</summary>
    public void Save(IFiles files) => new ProgressSlots(files).Write(JsonSerializer.SerializeToUtf8Bytes(this, StateJson.Default.SpareProgress));

    /// <summary>The spare is about to be formatted. Durable when it returns.</summary>
    public static void Forget(IFiles files)
    {
        if (Load(files) is not null)
            new ProgressSlots(files).Write("null"u8);
    }
}
