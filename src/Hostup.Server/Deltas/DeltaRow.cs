namespace Hostup.Server.Deltas;

/// <summary>A delta from a tree to a release: one row for each such pair, also while it is built and when it was not worth it.</summary>
internal sealed class DeltaRow
{
    public required string Id { get; set; }

    /// <summary>Whose releases it leads from and to.</summary>
    public required string OrganisationId { get; set; }

    /// <summary>Tree digest that it leads from.</summary>
    public required string FromTree { get; set; }

    /// <summary>A release with that tree: its image is what the delta is built from.</summary>
    public required string FromReleaseId { get; set; }

    public required string ToReleaseId { get; set; }

    /// <summary>As in <see cref="Core.Wire.DeltaStates"/>.</summary>
    public required string State { get; set; }

    /// <summary>An operator asked for it: it goes before what devices ask for.</summary>
    public bool Urgent { get; set; }

    /// <summary>The one try that may say how it ended; null: none is on its way.</summary>
    public string? LeaseOwner { get; set; }

    /// <summary>When another worker may begin it anew unless the owner says that it lives.</summary>
    public DateTimeOffset? LeaseUntil { get; set; }

    /// <summary>How often it was begun since it was asked for.</summary>
    public int Tries { get; set; }

    /// <summary>0 to 1.</summary>
    public double Progress { get; set; }

    public long? Bytes { get; set; }
    public int? Frames { get; set; }

    /// <summary>Digest of the delta; null: it is not offered.</summary>
    public string? BlobDigest { get; set; }

    /// <summary>Digest of the manifest of its artefact; null: it is not offered.</summary>
    public string? ArtifactDigest { get; set; }

    public string? ErrorCode { get; set; }
    public string? Error { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset ChangedAt { get; set; }
    public DateTimeOffset? StartedAt { get; set; }
    public DateTimeOffset? EndedAt { get; set; }

    /// <summary>Grows with every change, for those who wait for one.</summary>
    public long Serial { get; set; }
}
