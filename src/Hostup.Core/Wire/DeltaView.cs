namespace Hostup.Core.Wire;

/// <summary>POST /api/v1/deltas: asks for a delta before a device does. One that failed or was not worth it is built again.</summary>
/// <param name="From">Version or id of the release that devices run.</param>
/// <param name="To">Version or id of the release that they are to get.</param>
public sealed record DeltaRequest(string From, string To);

/// <summary>GET /api/v1/deltas/{id}: a delta between two releases. <c>?waitSerial=N&amp;seconds=S</c> answers when <see cref="Serial"/> is above N, at the latest after S seconds (at most 60).</summary>
public sealed record DeltaView
{
    /// <summary>32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Version that it leads from.</summary>
    public required string From { get; init; }

    /// <summary>Tree digest that it leads from; other releases may have the same tree.</summary>
    public required Digest FromTree { get; init; }

    /// <summary>Version that it leads to.</summary>
    public required string To { get; init; }

    /// <summary>Release that it leads to.</summary>
    public required string ToRelease { get; init; }

    /// <summary>Slug of the device type of both.</summary>
    public required string DeviceType { get; init; }

    /// <summary>State as in <see cref="DeltaStates"/>.</summary>
    public required string State { get; init; }

    /// <summary>Part that is done, 0 to 1.</summary>
    public double Progress { get; init; }

    /// <summary>Bytes of the delta; null: it was not built yet.</summary>
    public long? Bytes { get; init; }

    /// <summary>Bytes of the full image as they travel.</summary>
    public required long FullBytes { get; init; }

    /// <summary>Frames of the delta; null: it was not built yet.</summary>
    public int? Frames { get; init; }

    /// <summary>Digest of the artefact in the repository of the target's image; null: it is not offered.</summary>
    public Digest? Artifact { get; init; }

    /// <summary>How often a worker has begun it since it was asked for.</summary>
    public int Tries { get; init; }

    /// <summary>The worker that builds it; null: none.</summary>
    public string? Worker { get; init; }

    /// <summary>Code of docs/errors.md of the last try that did not succeed; null: none.</summary>
    public string? ErrorCode { get; init; }

    /// <summary>Its sentence for people.</summary>
    public string? Error { get; init; }

    /// <summary>When it was first asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset ChangedAt { get; init; }

    /// <summary>When the last try began; null: none did.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it became what it stays; null: it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Grows with every change, for those who wait for one.</summary>
    public long Serial { get; init; }
}
