namespace Hostup.Server.Registry;

/// <summary>Content that may be read under a repository name: a blob, or a manifest when it has a media type.</summary>
internal sealed class RepositoryContentRow
{
    public required string OrganisationId { get; set; }
    public required string Repository { get; set; }
    public required string Digest { get; set; }
    public string? MediaType { get; set; }
}
