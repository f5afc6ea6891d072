namespace Hostup.Core.Wire;

/// <summary>A person who signs in with a password.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Name">The name to sign in with, unique in the organisation.</param>
/// <param name="Role">administrator, developer, operator or observer.</param>
/// <param name="CreatedAt">When the user was made.</param>
/// <param name="HasPassword">Whether a password was chosen yet.</param>
public sealed record UserView(string Id, string Name, string Role, DateTimeOffset CreatedAt, bool HasPassword)
{
    /// <summary>Name of the one fleet that they see; null: all devices.</summary>
    public string? Fleet { get; init; }
}

/// <summary>POST /api/v1/users.</summary>
/// <param name="Name">1 to 64 letters, digits, dots, dashes and underscores.</param>
public sealed record UserRequest(string Name)
{
    /// <summary>administrator, developer, operator or observer; null: the role of who asks.</summary>
    public string? Role { get; init; }

    /// <summary>Name or id of the one fleet that they see; null: that of who asks, or all devices.</summary>
    public string? Fleet { get; init; }
}

/// <summary>A link with which a user chooses a password; it is shown once.</summary>
/// <param name="Id">The user.</param>
/// <param name="Name">The user's name.</param>
/// <param name="Link">The link; good once.</param>
/// <param name="Until">When it ends.</param>
public sealed record UserInvitation(string Id, string Name, string Link, DateTimeOffset Until);

/// <summary>POST /api/v1/invitation.</summary>
/// <param name="Token">The token of the link.</param>
/// <param name="Password">The password, 12 to 256 characters.</param>
public sealed record InvitationRequest(string Token, string Password);

/// <summary>Answer to <see cref="InvitationRequest"/>.</summary>
/// <param name="Name">The user's name.</param>
public sealed record InvitationAnswer(string Name);
