namespace Hostup.Updates.Plan;

/// <summary>What a plan will cost: figures that are known beforehand, and what is not.</summary>
public sealed record PlanEstimate
{
    /// <summary>Bytes to receive, by cause; what was fetched before the plan is among them.</summary>
    public IReadOnlyList<PlannedBytes> Bytes { get; init => field = value ?? []; } = [];

    /// <summary>Where the image comes from, in the order in which that is tried, where a delta is among it; null: no delta is asked for.</summary>
    public IReadOnlyList<PlannedSource>? Sources { get; init; }

    /// <summary>Space needed and free, by place.</summary>
    public IReadOnlyList<PlannedSpace> Space { get; init => field = value ?? []; } = [];

    /// <summary>Bytes a second of this device's link while a slot is written; null: unknown.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>Where the rate comes from, for people; also that of one which does not hold for this plan.</summary>
    public string RateFrom { get; init => field = value ?? ""; } = "";

    /// <summary>Bytes still to be received whose number is known.</summary>
    public long BytesToFetch => Bytes.Where(b => !b.Fetched).Sum(b => b.Received ?? 0);

    /// <summary>How long fetching and writing takes at that rate; null: unknown.</summary>
    public TimeSpan? Time => BytesPerSecond is > 0 and var rate ? TimeSpan.FromSeconds((double)BytesToFetch / rate) : null;
}

/// <summary>Bytes of one cause.</summary>
/// <param name="Cause">As in the account of an attempt: manifest, updater, delta, registry, fallback, supervisor.</param>
/// <param name="Received">Bytes; null: not known beforehand.</param>
/// <param name="Fetched">Whether they were received before the plan was made.</param>
public sealed record PlannedBytes(string Cause, long? Received, bool Fetched);

/// <summary>One source of the image, as it answered when the plan was made.</summary>
/// <param name="Source">Its name.</param>
/// <param name="Received">Bytes that the whole image costs from it; null: it has none.</param>
/// <param name="Fault">Why it has none; null: it has, or it was not asked because one before it has.</param>
public sealed record PlannedSource(string Source, long? Received, string? Fault);

/// <summary>Space in one place.</summary>
/// <param name="Place">Slot label or mount point.</param>
/// <param name="NeededBytes">Bytes that the update needs there at most.</param>
/// <param name="FreeBytes">Bytes that are free, or the size of the slot.</param>
public sealed record PlannedSpace(string Place, long NeededBytes, long FreeBytes);
