namespace Hostup.Server.TrustLists;

/// <summary>A signed list of trusted keys. The server hands it out; each device judges it.</summary>
internal sealed class TrustListRow
{
    public required string OrganisationId { get; set; }
    public long Version { get; set; }
    public required string EnvelopeDigest { get; set; }
    public DateTimeOffset PublishedAt { get; set; }
}
