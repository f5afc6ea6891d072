namespace Hostup.Server.Users;

/// <summary>A browser in which a user is signed in; only the hash of its cookie is stored.</summary>
internal sealed class SessionRow
{
    public required string KeyHash { get; set; }
    public required string UserId { get; set; }
    public DateTimeOffset CreatedAt { get; set; }
    public DateTimeOffset LastUsedAt { get; set; }
}
