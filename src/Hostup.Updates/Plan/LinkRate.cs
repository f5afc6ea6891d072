using Hostup.Updates.Account;
using Hostup.Updates.Journal;

namespace Hostup.Updates.Plan;

/// <summary>How fast this device fetches and writes an image.</summary>
/// <param name="BytesPerSecond">Bytes a second.</param>
/// <param name="From">Where the figure comes from, for people.</param>
public sealed record LinkRate(long BytesPerSecond, string From)
{
    private const string WriteSlot = "write-slot";

    /// <summary>Whether it is that of a delta, whose time goes into what is made of its bytes, and so says nothing of an image; null: it holds for both.</summary>
    public bool? OfDelta { get; init; }

    /// <summary>As the last attempt had it, without pauses and waits. Null when it fetched nothing, or not all of its slot in one process.</summary>
    public static LinkRate? Measured(IReadOnlyList<JournalRecord> records)
    {
        var done = records.LastOrDefault(r => r is { Verb: JournalVerb.Done, Step: WriteSlot, Seconds: not null });
        long bytes = done?.Bytes?.Sum(b => b.Received) ?? 0;
        return bytes > 0 && done?.Seconds is >= 1 and var seconds ? new LinkRate((long)(bytes / seconds), "measured by the last update") { OfDelta = done.Source == AttemptAccount.DeltaCause } : null;
    }

    /// <summary>As the operator says.</summary>
    public static LinkRate Given(long bytesPerSecond) => new(bytesPerSecond, "as given");
}
