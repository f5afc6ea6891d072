using Hostup.Core.Wire;

namespace Hostup.Core.Targets;

/// <summary>What is known of a device and the attempt to bring it to its target.</summary>
public sealed record TargetFacts
{
    /// <summary>Version of the target.</summary>
    public required string Version { get; init; }

    /// <summary>Where the attempt stands, as the device last said.</summary>
    public required AttemptReport Report { get; init; }

    /// <summary>The time now.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>When the device was last heard of; null: never.</summary>
    public DateTimeOffset? HeardAt { get; init; }

    /// <summary>How long the device pauses between two polls.</summary>
    public TimeSpan PollInterval { get; init; }

    /// <summary>No poll names the attempt before; null: the next one does.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether a poll has named the attempt.</summary>
    public bool IsDelivered { get; init; }

    /// <summary>The operator wants the attempt to end.</summary>
    public bool CancelAsked { get; init; }

    /// <summary>As in the view of the attempt.</summary>
    public AttemptSilence? Silence { get; init; }

    /// <summary>The device was retired.</summary>
    public bool IsRetired { get; init; }

    /// <summary>Two machines use its key.</summary>
    public bool IsCloned { get; init; }

    /// <summary>Version of an OS that is not the target's and that the device is known to run; empty: it runs the target's, or nobody knows.</summary>
    public string RunsOther { get; init; } = "";
}
