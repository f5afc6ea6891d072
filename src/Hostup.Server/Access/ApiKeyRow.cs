namespace Hostup.Server.Access;

/// <summary>A key of an operator or for provisioning; only its hash is stored.</summary>
internal sealed class ApiKeyRow
{
    public required string Id { get; set; }
    public required string OrganisationId { get; set; }
    public required string Kind { get; set; }
    public required string KeyHash { get; set; }
    public required string Description { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset? ExpiresAt { get; set; }

    /// <summary>Name of the role; null: it is for provisioning.</summary>
    public string? Role { get; set; }

    /// <summary>The one fleet that it is for; null: all devices of the organisation.</summary>
    public string? FleetId { get; set; }

    /// <summary>When it was last used, to within a minute; null: never.</summary>
    public DateTimeOffset? LastUsedAt { get; set; }
}
