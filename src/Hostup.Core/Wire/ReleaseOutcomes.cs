namespace Hostup.Core.Wire;

/// <summary>GET /api/v1/releases/{id}/outcomes: how the attempts to get devices to one release ended, over all devices.</summary>
public sealed record ReleaseOutcomes
{
    /// <summary>The release.</summary>
    public required string ReleaseId { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>Attempts that have not ended.</summary>
    public required int Open { get; init; }

    /// <summary>Those that have, by how; the most frequent first.</summary>
    public IReadOnlyList<ReleaseOutcome> Ended { get; init => field = value ?? []; } = [];

    /// <summary>Devices that their operator took from this version back to the OS before.</summary>
    public int DevicesReverted { get; init; }
}

/// <summary>Attempts of a release that ended alike.</summary>
public sealed record ReleaseOutcome
{
    /// <summary>State that they ended in.</summary>
    public required string State { get; init; }

    /// <summary>Code of docs/errors.md; null: none.</summary>
    public string? Code { get; init; }

    /// <summary>Health checks that failed, by name; null: the code says all.</summary>
    public string? Cause { get; init; }

    /// <summary>How many.</summary>
    public required int Attempts { get; init; }

    /// <summary>On how many devices.</summary>
    public required int Devices { get; init; }

    /// <summary>When the last of them ended.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>Which that is.</summary>
    public required string LastAttempt { get; init; }

    /// <summary>What its device said; null: nothing, or it went well.</summary>
    public string? LastMessage { get; init; }
}
