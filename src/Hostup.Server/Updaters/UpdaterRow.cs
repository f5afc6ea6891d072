namespace Hostup.Server.Updaters;

internal sealed class UpdaterRow
{
    public required string OrganisationId { get; set; }
    public required string Digest { get; set; }
    public required string Version { get; set; }
    public long Size { get; set; }
    public required string Platform { get; set; }
    public required string EnvelopeDigest { get; set; }
    public DateTimeOffset PublishedAt { get; set; }
}
