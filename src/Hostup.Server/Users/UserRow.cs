namespace Hostup.Server.Users;

/// <summary>A person who signs in with a password. Rows stay, so that the audit log can name them.</summary>
internal sealed class UserRow
{
    public required string Id { get; set; }
    public required string OrganisationId { get; set; }
    public required string Name { get; set; }
    public required string Role { get; set; }

    /// <summary>The one fleet that they see; null: all devices of the organisation.</summary>
    public string? FleetId { get; set; }

    /// <summary>Null: they have not chosen one yet.</summary>
    public string? PasswordHash { get; set; }

    /// <summary>Hash of the link with which they choose a password; null: there is none, or it was used.</summary>
    public string? InvitationHash { get; set; }

    public DateTimeOffset? InvitationUntil { get; set; }
    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>Set: they are not let in any more.</summary>
    public DateTimeOffset? EndedAt { get; set; }
}
