namespace Hostup.Server.Releases;

internal sealed class ReleaseRow
{
    public required string Id { get; set; }
    public required string OrganisationId { get; set; }
    public required string Version { get; set; }
    public required string DeviceType { get; set; }
    public long Sequence { get; set; }
    public required string BuildId { get; set; }
    public DateTimeOffset SignedAt { get; set; }
    public DateTimeOffset PublishedAt { get; set; }
    public required string EnvelopeDigest { get; set; }
    public required string ImageDigest { get; set; }
    public required string Repository { get; set; }
    public long DownloadBytes { get; set; }

    /// <summary>Tree digest of its manifest; null: the manifest could not be read when the server learned to keep it.</summary>
    public string? TreeDigest { get; set; }

    /// <summary>It is offered to no device yet.</summary>
    public bool IsDraft { get; set; }

    public DateTimeOffset? InvalidatedAt { get; set; }
    public string? InvalidatedReason { get; set; }
}
