using Hostup.Updates.Journal;

namespace Hostup.Updates.Plan;

/// <summary>How fast this device fetches and writes an image.</summary>
/// <param name="BytesPerSecond">Bytes a second.</param>
/// <param name="From">Where the figure comes from, for people.</param>
public sealed record LinkRate(long BytesPerSecond, string From)
{
    private const string WriteSlot = "write-slot";

    /// <summary>As the last attempt had it: bytes of its slot, from the step's start to its end. Null when it fetched nothing.</summary>
    public static LinkRate? Measured(IReadOnlyList<JournalRecord> records)
    {
        var done = records.LastOrDefault(r => r is { Verb: JournalVerb.Done, Step: WriteSlot, Bytes: not null });
        var started = records.TakeWhile(r => !ReferenceEquals(r, done)).LastOrDefault(r => r is { Verb: JournalVerb.Started, Step: WriteSlot });
        if (done is null || started is null)
            return null;
        double seconds = (done.At - started.At).TotalSeconds;
        long bytes = done.Bytes!.Sum(b => b.Received);
        // A clock that was set meanwhile, or a slot that was there already, tells nothing of the link.
        return bytes > 0 && seconds >= 1 ? new LinkRate((long)(bytes / seconds), "measured by the last update") : null;
    }

    /// <summary>As the operator says.</summary>
    public static LinkRate Given(long bytesPerSecond) => new(bytesPerSecond, "as given");
}
