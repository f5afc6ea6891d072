namespace Hostup.Server.Registry;

/// <summary>A name for a manifest.</summary>
internal sealed class RepositoryTagRow
{
    public required string OrganisationId { get; set; }
    public required string Repository { get; set; }
    public required string Tag { get; set; }
    public required string Digest { get; set; }
}
